/*
 * document - the state of gatewayd as JSON, for --json. docs/man/gatewayctl.1 lists the members; they are only added
 * to.
 */
#ifndef GATEWAYD_CTL_DOCUMENT_H
#define GATEWAYD_CTL_DOCUMENT_H

#include "common/json.h"
#include "gatewayd/ctl/model.h"

void document_status(struct json *json, const struct model *model);
void document_campaigns(struct json *json, const struct model *model); /* an array */
void document_campaign(struct json *json, const struct model_campaign *campaign);
void document_ecus(struct json *json, const struct model *model); /* an array */

#endif
