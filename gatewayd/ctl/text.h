/*
 * text - the state of gatewayd for people: aligned lines and tables.
 */
#ifndef GATEWAYD_CTL_TEXT_H
#define GATEWAYD_CTL_TEXT_H

#include <stdio.h>
#include "gatewayd/ctl/model.h"

#define TEXT_TIME_BYTES 32u

void text_status(const struct model *model, FILE *out);
void text_campaigns(const struct model *model, FILE *out);
void text_campaign(const struct model_campaign *campaign, FILE *out);
void text_ecus(const struct model *model, FILE *out);

/* what @text says beyond @said, with which it may begin ("lamp: no answer" beyond "lamp"); "" if it says no more */
const char *text_beyond(const char *text, const char *said);
/* "2031-05-06 00:00:00 UTC"; "-" for 0 */
const char *text_time(uint64_t unix_s, char out[TEXT_TIME_BYTES]);

#endif
