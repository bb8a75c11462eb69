/*
 * state - the one table of campaign states, and the names of target states.
 *
 * LwM2M: object 5 (Firmware Update), resource 3 (State): 0 idle, 1 downloading, 2 downloaded, 3 updating. FUMO: the
 * states of OMA's Firmware Update Management Object: 10 idle, 30 download progressing, 50 ready to update, 60 update
 * progressing, 80 update failed and no data kept, 100 update successful and no data kept.
 */
#include "gatewayd/core/types.h"

static const struct campaign_state_info states[] = {
    {CAMPAIGN_NONE, "none", "there is no campaign", true, false, 0, 10},
    {CAMPAIGN_OFFERED, "offered", "offered; its manifest is fetched and checked", false, true, 0, 10},
    {CAMPAIGN_DOWNLOADING, "downloading", "its files are fetched", false, true, 1, 30},
    {CAMPAIGN_READY, "ready", "its files are held and checked", false, true, 2, 50},
    {CAMPAIGN_WAITING, "waiting", "waits to be installed", false, true, 2, 50},
    {CAMPAIGN_INSTALLING, "installing", "its ECUs are flashed", false, false, 3, 60},
    {CAMPAIGN_SUSPENDED, "suspended", "stands still at a safe point", false, false, 3, 60},
    {CAMPAIGN_ACTIVATING, "activating", "the new software is switched to", false, false, 3, 60},
    {CAMPAIGN_VERIFYING, "verifying", "its ECUs are asked who they are now", false, false, 3, 60},
    {CAMPAIGN_DONE, "done", "all its ECUs are verified", true, false, 0, 100},
    {CAMPAIGN_ROLLING_BACK, "rolling-back", "the previous software is put back", false, false, 3, 60},
    {CAMPAIGN_ROLLED_BACK, "rolled-back", "the previous software is back", true, false, 0, 80},
    {CAMPAIGN_INCONSISTENT, "inconsistent", "some ECUs were changed and others were not", true, false, 0, 80},
    {CAMPAIGN_DECLINED, "declined", "was declined", true, false, 0, 10},
    {CAMPAIGN_EXPIRED, "expired", "its time is over and nothing was changed", true, false, 0, 10},
    {CAMPAIGN_CANCELLED, "cancelled", "was cancelled and nothing was changed", true, false, 0, 10},
    {CAMPAIGN_SUPERSEDED, "superseded", "was superseded and nothing was changed", true, false, 0, 10},
    {CAMPAIGN_FAILED, "failed", "failed and nothing was changed", true, false, 0, 80},
};

const struct campaign_state_info *campaign_state_info(enum campaign_state state)
{
	if ((size_t)state >= sizeof states / sizeof states[0])
		return &states[CAMPAIGN_NONE];
	return &states[state];
}

const char *target_state_name(enum target_state state)
{
	switch (state) {
	case TARGET_NONE:
		return "none";
	case TARGET_PENDING:
		return "pending";
	case TARGET_PREPARED:
		return "prepared";
	case TARGET_FLASHING:
		return "flashing";
	case TARGET_FLASHED:
		return "flashed";
	case TARGET_ACTIVATED:
		return "activated";
	case TARGET_VERIFIED:
		return "verified";
	case TARGET_FAILED:
		return "failed";
	case TARGET_RESTORED:
		return "restored";
	}
	return "unknown";
}
