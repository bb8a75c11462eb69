/*
 * initiative - what the backend does of itself for a vehicle that is connected, by the mode of each campaign: it sends
 * the document, or a notice that there is one, or waits to be asked; and it triggers.
 *
 * What was triggered is in the database, and is said again in each session until the vehicle's reports show it.
 */
#ifndef SIM_OEM_BACKEND_INITIATIVE_H
#define SIM_OEM_BACKEND_INITIATIVE_H

#include "sim/oem_backend/session_private.h"

#define INITIATIVE_REPEAT_S 30u /* a trigger that no report shows yet is said again after so long */

/* the vehicle has registered, or what it shall install changed: documents and notices that go unasked */
void initiative_offer(struct session *self);
/* "what is new?" */
void initiative_check(struct session *self, const Gu__CheckRequest *request);
/* a heartbeat, a report or a session came: triggers what may be triggered now. @again: also what was said lately */
void initiative_turn(struct session *self, bool again);
/* whether the campaign is one that is answered; if not, the vehicle is told */
bool initiative_is_negotiated(struct session *self, const Gu__Campaign *campaign);
/**
 * initiative_trigger() - a person wants the campaign to be installed now
 *
 * It is recorded, and said at once if the vehicle is connected. Whether it is safe is the vehicle's to judge.
 *
 * Return: 0; 1 it cannot be triggered, @error says why; -errno with @error
 */
int initiative_trigger(struct backend *backend, const char *campaign, char error[256]);
/* whether the vehicle told, when it registered last, that it is of before the update modes: it is negotiated with */
bool initiative_takes_no_trigger(struct backend *backend, const char *vehicle);

#endif
