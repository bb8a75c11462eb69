/*
 * verbs - what gatewayctl asks gatewayd to do: consent, approve, postpone, decline, cancel, check-now, and to explain
 * its decision. Each prints what came of it. Return: enum ctl_exit
 */
#ifndef GATEWAYD_CTL_VERBS_H
#define GATEWAYD_CTL_VERBS_H

#include <stdbool.h>
#include <systemd/sd-bus.h>

int verb_consent(sd_bus *bus, bool json, const char *id, bool given);
int verb_approve(sd_bus *bus, bool json, const char *id);
/* @when: as when_parse() takes it, a relative one from the daemon's trusted time on */
int verb_postpone(sd_bus *bus, bool json, const char *id, const char *when);
/* @verb: "decline" or "cancel"; @reason: NULL = none */
int verb_end(sd_bus *bus, bool json, const char *verb, const char *id, const char *reason);
int verb_check_now(sd_bus *bus, bool json);
int verb_why(sd_bus *bus, bool json, const char *id);
/* @id: NULL = all that are kept */
int verb_history(sd_bus *bus, bool json, const char *id);
/* holds the diagnostic buses until it is interrupted */
int verb_lock_diagnostics(sd_bus *bus, bool json);

#endif
