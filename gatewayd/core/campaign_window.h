/*
 * campaign_window - the windows of a campaign at a time, and whether what is left to do fits in. Private to
 * gatewayd/core.
 */
#ifndef GATEWAYD_CORE_CAMPAIGN_WINDOW_H
#define GATEWAYD_CORE_CAMPAIGN_WINDOW_H

#include "gatewayd/core/gateway.h"

/* valid as long as the document is */
struct window_terms campaign_window_terms(const struct campaign_doc *doc);
/* the name of a time zone of its windows that is not known here: it is never open; NULL */
const char *campaign_window_unknown_zone(const struct campaign_doc *doc);
/* what the installation of these targets may take, in seconds, with their way back; 0 = not known (yet) */
uint64_t campaign_window_need_s(const struct gateway *self, const struct campaign *campaign, uint32_t targets);
/* the same before the images are there, from the manifest */
uint64_t campaign_window_rough_s(const struct gateway *self, const struct campaign *campaign);
/* at the trusted time of @now_us, for all targets that are still to be flashed */
struct window_view campaign_window_view(const struct gateway *self, const struct campaign *campaign, uint64_t now_us);
/* keeps that view, for it to be cheap to look at again */
void campaign_window_refresh(struct gateway *self, uint8_t index, uint64_t now_us);
/* other terms: it is looked at anew */
void campaign_window_changed(struct campaign *campaign);
/* To FAILED if no window from its acceptance on was ever long enough; looked at once for each preparation and terms */
void campaign_window_judge(struct gateway *self, uint8_t index, uint64_t now_us);
/* the frame is over, or no window is left in it: nothing may be begun any more. False without trusted time */
bool campaign_window_over(const struct gateway *self, const struct campaign *campaign, uint64_t now_us);
/* the latest of @from_s and of the times that the backend confirmed and that the driver wants */
uint64_t campaign_not_before_s(const struct campaign *campaign, uint64_t from_s);

#endif
