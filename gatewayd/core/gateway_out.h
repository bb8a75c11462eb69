/*
 * gateway_out - how the parts of the core say what they want done: marks of what is to be stored, told and reported,
 * which gateway_pop_output() turns into outputs. Private to gatewayd/core.
 *
 * Almost all outputs are derived from marks when they are popped, so that no input can overflow a queue; only messages
 * of the session and of the log stand in a ring.
 */
#ifndef GATEWAYD_CORE_GATEWAY_OUT_H
#define GATEWAYD_CORE_GATEWAY_OUT_H

#include "gatewayd/core/gateway.h"

#define GATEWAY_NONE        0xffu
#define GATEWAY_LOG_RESERVE 32u     /* outputs kept free of log messages of level info, half of it of any */
#define GATEWAY_PROGRESS_US 100000u /* progress is told at most this often */

/* copies text that may be longer than @n - 1 */
void gateway_text(char *to, size_t n, const char *from);

/* row and targets of a campaign are to be stored; its outputs wait until they are */
void gateway_mark_campaign(struct gateway *self, uint8_t campaign);
bool gateway_durable(const struct gateway *self, uint64_t txn);
void gateway_log(struct gateway *self, enum gateway_log_level level, uint8_t campaign, uint8_t target, unsigned code,
		 const char *text);
/* the same of an ECU of the inventory, whatever the campaign */
void gateway_log_ecu(struct gateway *self, enum gateway_event event, enum gateway_log_level level, uint8_t ecu,
		     unsigned code, const char *text);
/* the same for one of the chief events */
void gateway_log_event(struct gateway *self, enum gateway_event event, enum gateway_log_level level, uint8_t campaign,
		       uint8_t target, unsigned code, const char *text);
void gateway_send_error(struct gateway *self, unsigned code, const char *text);
/* what is new? */
void gateway_send_check(struct gateway *self);
/* @action: of the session */
void gateway_session_action(struct gateway *self, enum session_action action);

/* reports, of the campaign as it stands (@target GATEWAY_NONE) or of one of its targets; stored with this transaction
 */
void gateway_report_campaign(struct gateway *self, uint64_t now_us, uint8_t campaign, uint8_t target);
/* of the campaign as it stands, but about @code; @service: NULL = not about its service */
void gateway_report_about(struct gateway *self, uint64_t now_us, uint8_t campaign, unsigned code, const char *text,
			  const struct service_loss *service);
/* of the vehicle itself */
void gateway_report_vehicle(struct gateway *self, uint64_t now_us, unsigned code, const char *text);

/* gateway_settle.c: everything that follows from what was just told; ends every door */
void gateway_settle(struct gateway *self, uint64_t now_us);
/* the floor of trusted time follows the time; stored */
void gateway_raise_floor(struct gateway *self, uint64_t now_us);
void gateway_session_went_down(struct gateway *self);
/* why there is no session, once a reason */
void gateway_tell_offline(struct gateway *self, unsigned code, const char *text);
/* gateway_restore.c: the restored campaigns go on */
void gateway_resume(struct gateway *self, uint64_t now_us);

/* whether something changed that no transaction carries yet */
bool gateway_is_dirty(const struct gateway *self);

#endif
