/*
 * config_driver - what of the policy is the driver's: how long an update may be postponed, and how early the loss of
 * service is announced.
 */
#include "gatewayd/io/config.h"
#include "gatewayd/io/config_schema.h"

#define POSTPONE_LIMIT_S 31536000u /* a year */
#define NOTICE_LIMIT_S   3600u

static int at_most(const struct yaml_doc *doc, struct yaml_error *error, const char *key, uint32_t value, uint32_t max)
{
	if (value <= max)
		return 0;
	return yaml_error_at(doc, error, key, "must be 0..%u, is %u", max, value);
}

int config_driver(const struct yaml_doc *doc, struct yaml_error *error, const struct yaml_policy *in,
		  struct gateway_config *out)
{
	const struct {
		const char *key;
		enum urgency urgency;
		uint32_t value, otherwise;
	} limits[] = {
	    {"policy.postpone_max_s.low", URGENCY_LOW, in->postpone_max_s.low, 30 * 86400},
	    {"policy.postpone_max_s.normal", URGENCY_NORMAL, in->postpone_max_s.normal, 14 * 86400},
	    {"policy.postpone_max_s.high", URGENCY_HIGH, in->postpone_max_s.high, 3 * 86400},
	    {"policy.postpone_max_s.critical", URGENCY_CRITICAL, in->postpone_max_s.critical, 0},
	};
	int r;

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		uint32_t *to = &out->postpone_max_s[limits[i].urgency];

		*to = yaml_has(doc, limits[i].key) ? limits[i].value : limits[i].otherwise;
		if ((r = at_most(doc, error, limits[i].key, *to, POSTPONE_LIMIT_S)))
			return r;
	}
	out->service_notice_s = yaml_has(doc, "policy.service_notice_s") ? in->service_notice_s : 60;
	return at_most(doc, error, "policy.service_notice_s", out->service_notice_s, NOTICE_LIMIT_S);
}
