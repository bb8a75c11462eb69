/*
 * config_driver - what of the policy is the driver's: how long an update may be postponed, and how early the loss of
 * service is announced.
 */
#include "gatewayd/io/config.h"
#include "gatewayd/io/config_schema.h"

#define POSTPONE_LIMIT_S 31536000u /* a year */
#define NOTICE_LIMIT_S   3600u

static int take(const struct yaml_doc *doc, struct yaml_error *error, const char *key, int64_t value, uint32_t max,
		uint32_t *to)
{
	if (value < 0 || value > max)
		return yaml_error_at(doc, error, key, "must be 0..%u, is %lld", max, (long long)value);
	*to = (uint32_t)value;
	return 0;
}

int config_driver(const struct yaml_doc *doc, struct yaml_error *error, const struct yaml_policy *in,
		  struct gateway_config *out)
{
	const struct {
		const char *key;
		enum urgency urgency;
		int64_t value, otherwise;
	} limits[] = {
	    {"policy.postpone_max_s.low", URGENCY_LOW, in->postpone_max_s.low, 30 * 86400},
	    {"policy.postpone_max_s.normal", URGENCY_NORMAL, in->postpone_max_s.normal, 14 * 86400},
	    {"policy.postpone_max_s.high", URGENCY_HIGH, in->postpone_max_s.high, 3 * 86400},
	    {"policy.postpone_max_s.critical", URGENCY_CRITICAL, in->postpone_max_s.critical, 0},
	};
	int r;

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		const int64_t value = yaml_has(doc, limits[i].key) ? limits[i].value : limits[i].otherwise;

		if ((r = take(doc, error, limits[i].key, value, POSTPONE_LIMIT_S,
			      &out->postpone_max_s[limits[i].urgency])))
			return r;
	}
	return take(doc, error, "policy.service_notice_s",
		    yaml_has(doc, "policy.service_notice_s") ? in->service_notice_s : 60, NOTICE_LIMIT_S,
		    &out->service_notice_s);
}
