/*
 * config_driver - what of the policy is the driver's: how long an update may be postponed, and how early the loss of
 * service is announced.
 */
#include "gatewayd/io/config_priv.h"

#define POSTPONE_LIMIT_S 31536000u /* a year */
#define NOTICE_LIMIT_S   3600u

int config_driver(struct loader *l)
{
	const struct yaml_policy *in = &l->yaml->policy;
	struct gateway_config *out = &l->config->core;
	const struct {
		const char *key;
		enum urgency urgency;
		int64_t value;
		uint32_t fallback;
	} limits[] = {
	    {"policy.postpone_max_s.low", URGENCY_LOW, in->postpone_max_s.low, 30 * 86400},
	    {"policy.postpone_max_s.normal", URGENCY_NORMAL, in->postpone_max_s.normal, 14 * 86400},
	    {"policy.postpone_max_s.high", URGENCY_HIGH, in->postpone_max_s.high, 3 * 86400},
	    {"policy.postpone_max_s.critical", URGENCY_CRITICAL, in->postpone_max_s.critical, 0},
	};
	int r;

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if ((r = config_number(l, limits[i].key, limits[i].value, limits[i].fallback, 0, POSTPONE_LIMIT_S,
				       &out->postpone_max_s[limits[i].urgency])))
			return r;
	return config_number(l, "policy.service_notice_s", in->service_notice_s, 60, 0, NOTICE_LIMIT_S,
			     &out->service_notice_s);
}
