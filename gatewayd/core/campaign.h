/*
 * campaign - the life of one campaign: one function per cause, each naming the states it leads to; what was agreed with
 * the backend (campaign_terms.c); what it needs from the driver on the way (campaign_work.c), and what it is told about
 * its files. Private to gatewayd/core.
 *
 * All take the gateway and the campaign's index, since a transition is stored, reported and told in one go.
 */
#ifndef GATEWAYD_CORE_CAMPAIGN_H
#define GATEWAYD_CORE_CAMPAIGN_H

#include "gatewayd/core/gateway.h"

/* no state leads on from here */
bool campaign_final(const struct campaign *campaign);
/* an ECU of it was erased or has the new software: from now on it is brought to its end */
bool campaign_touched(const struct campaign *campaign);
/* an ECU of it is being flashed */
bool campaign_running(const struct campaign *campaign);
/* targets (mask) that still need a flash: neither verified nor failed for good; @erased: only those without software */
uint32_t campaign_open_targets(const struct campaign *campaign, bool erased);

/*
 * The one way into a state: stored and reported if the state is new, told if the reason is. @text NULL: the words of
 * @code, or of the state where there is no code. No-op if nothing changes; final states are never left.
 */
void campaign_enter(struct gateway *self, uint8_t index, uint64_t now_us, enum campaign_state state, unsigned code,
		    const char *text);

/* --- causes */
/* To DECLINED, and the backend is told why */
void campaign_decline(struct gateway *self, uint8_t index, uint64_t now_us, unsigned code, const char *text);
/* the director lists it and it is not held; the slot is free. To OFFERED or DECLINED */
void campaign_offered(struct gateway *self, uint8_t index, uint64_t now_us, const struct campaign_doc *doc,
		      uint64_t director_version);
/* the director lists it again, perhaps with other content. To OFFERED if its files or targets are others */
void campaign_listed(struct gateway *self, uint8_t index, uint64_t now_us, const struct campaign_doc *doc,
		     uint64_t director_version);
/* our answer as policy has it now: stored, and sent in the session */
void campaign_answer(struct gateway *self, uint8_t index, uint64_t now_us);
/* it vanished, or another one supersedes it. To CANCELLED, SUPERSEDED, or (touched) to its end first */
void campaign_revoked(struct gateway *self, uint8_t index, uint64_t now_us);
/* its end is wanted, by end_code. To CANCELLED, DECLINED or SUPERSEDED, unless an ECU is changed already or just being
 * stopped */
void campaign_cancel_if_untouched(struct gateway *self, uint8_t index, uint64_t now_us);
/* another one says that it replaces it, and was taken on: it fits, and has the driver's consent where that is asked for
 */
bool campaign_superseded(const struct gateway *self, uint8_t index);
/* an answer that postponed was for the ignition's sake: once it is off there is nothing to wait for, or not for so long
 */
void campaign_renegotiate(struct gateway *self, uint8_t index, uint64_t now_us);
/* To DOWNLOADING with an answer, DECLINED, or EXPIRED */
void campaign_manifest_opened(struct gateway *self, uint8_t index, uint64_t now_us, const struct manifest_doc *manifest,
			      unsigned code, const char *text);
void campaign_confirmed(struct gateway *self, uint8_t index, uint64_t director_version, uint64_t start_unix_s);
/* the modes are others. To DECLINED if it has none of them now, unless an ECU is changed; to OFFERED if it was
 * declined for its mode and has the right one now */
void campaign_modes(struct gateway *self, uint8_t index, uint64_t now_us);
/* its mode is wrong by now. To DECLINED, unless an ECU is changed already or just being stopped */
void campaign_decline_if_untouched(struct gateway *self, uint8_t index, uint64_t now_us);
/* the inventory is new. To FAILED if an ECU is not the one it was made for */
void campaign_identities(struct gateway *self, uint8_t index, uint64_t now_us);
/* an ECU has another serial number: what was erased is gone, and its target fails; campaign_identities() concludes */
void campaign_replaced(struct gateway *self, uint8_t index, uint64_t now_us, uint8_t ecu, const char *text);
/* the ECUs were asked after the flash. To DONE or INCONSISTENT */
void campaign_read_back(struct gateway *self, uint8_t index, uint64_t now_us);
/* campaign @by committed its release on an ECU. The others: to FAILED if theirs is below it and changed nothing yet */
void campaign_overtaken(struct gateway *self, uint8_t by, uint64_t now_us);
/* a new session: what is not confirmed is said again */
void campaign_session_up(struct gateway *self, uint8_t index, uint64_t now_us);
/* the daemon starts with it. INSTALLING goes on, or back to WAITING if nothing was erased */
void campaign_resumed(struct gateway *self, uint8_t index, uint64_t now_us);
/* time passes, signals change: window over, ignition off, files to fetch, ready to install. Return: true if it moved */
bool campaign_advance(struct gateway *self, uint8_t index, uint64_t now_us);
uint64_t campaign_deadline(const struct gateway *self, uint8_t index, uint64_t now_us);
/* the earlier of two times, if @at_us is yet to come */
void campaign_earliest(uint64_t *deadline_us, uint64_t at_us, uint64_t now_us);

/* --- files (campaign_work.c) */
/* the file at a place of the campaign's list, from it on; moves @place past absent and repeated ones; NULL at the end
 */
const struct file_ref *campaign_work_next_file(const struct campaign *campaign, uint16_t *place);
/* the file at exactly that place */
const struct file_ref *campaign_work_file(const struct campaign *campaign, uint16_t place);
uint64_t campaign_work_bytes(const struct campaign *campaign);
/* what it asks for next, if anything; Return: true if it asked */
bool campaign_work(struct gateway *self, uint8_t index, uint64_t now_us);
void campaign_work_drop(struct gateway *self, uint8_t index);
/* the session is gone: fetching waits for the next one */
void campaign_session_lost(struct gateway *self, uint8_t index);
/* something that it needs before its installation failed: told to the backend, and tried again after its pause */
void campaign_trouble(struct gateway *self, uint8_t index, uint64_t now_us, unsigned code, const char *text);
void campaign_space(struct gateway *self, uint8_t index, uint64_t now_us, bool enough, const char *text);
void campaign_blob_progress(struct gateway *self, uint8_t index, uint64_t now_us, uint64_t bytes_held);
void campaign_blob(struct gateway *self, uint8_t index, uint64_t now_us, const uint8_t sha256[32], unsigned code,
		   const char *text);
/* To READY, or DOWNLOADING if files are missing, or FAILED */
void campaign_prepared(struct gateway *self, uint8_t index, uint64_t now_us, unsigned code, const char *text,
		       const uint64_t *estimate_ms, const uint64_t *bytes_total, const enum profile_supply *supply);

#endif
