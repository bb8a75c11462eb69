/* director - what a verified director document means for the campaigns that are held. Private to gatewayd/core. */
#ifndef GATEWAYD_CORE_DIRECTOR_H
#define GATEWAYD_CORE_DIRECTOR_H

#include "gatewayd/core/gateway.h"

void director_input(struct gateway *self, uint64_t now_us, const struct director_doc *doc, const uint8_t sha256[32]);
/* a document was refused, here or before: the backend is told each time, the log and the reports once */
void director_refused(struct gateway *self, uint64_t now_us, unsigned code, const char *text);
/* frees the slot of a campaign that is over, vanished and whose reports are recorded */
void director_free_slot(struct gateway *self, uint8_t index);
/* Return: true once after a document was refused for want of slots, when there is room for it */
bool director_fits_now(struct gateway *self);

#endif
