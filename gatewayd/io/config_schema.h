/*
 * config_schema - the YAML form of gatewayd's configuration as libcyaml loads it, before it is checked and resolved.
 */
#ifndef GATEWAYD_IO_CONFIG_SCHEMA_H
#define GATEWAYD_IO_CONFIG_SCHEMA_H

#include <cyaml/cyaml.h>
#include <stdbool.h>
#include <stdint.h>

struct yaml_backend {
	char *host;
	uint32_t port;
	char *ca;
	char *certificate;
	char *key;
	uint32_t backoff_min_ms;
	uint32_t backoff_max_ms;
	uint32_t answer_max_ms;
};

struct yaml_keys {
	char **keys;
	unsigned keys_count;
	uint32_t threshold;
};

struct yaml_trust {
	struct yaml_keys author;
	struct yaml_keys director;
	struct yaml_keys time;
};

struct yaml_bus {
	char *name;
	char *port;
	bool fd;
	uint32_t bitrate;
	double sample_point;
	uint32_t data_bitrate;
	uint32_t restart_ms;
	bool bring_up;
	uint32_t max_parallel;
};

struct yaml_ecu {
	char *name;
	char *bus;
	char *profile;
};

struct yaml_values {
	uint32_t off;
	uint32_t accessory;
	uint32_t on;
	uint32_t cranking;
};

enum yaml_byte_order { YAML_ORDER_LITTLE, YAML_ORDER_BIG };

struct yaml_signal {
	char *bus;
	uint32_t id;
	uint32_t id_bits;
	uint32_t start_bit;
	uint32_t length;
	enum yaml_byte_order byte_order;
	bool is_signed;
	double factor;
	double offset;
	uint32_t max_age_ms;
	bool survives_silence;
	struct yaml_values *values;
};

struct yaml_signals {
	struct yaml_signal *ignition;
	struct yaml_signal *speed_kmh;
	struct yaml_signal *battery_mv;
	struct yaml_signal *charge_percent;
	struct yaml_signal *gear_park;
	struct yaml_signal *parking_brake;
	struct yaml_signal *charging;
	struct yaml_signal *kl15_held;
	struct yaml_signal *drive_inhibited;
};

struct yaml_frame {
	char *bus;
	uint32_t id;
	uint32_t id_bits;
	char *data;
	char *release_data;
	uint32_t cycle_ms;
	uint32_t confirm_ms;
	char *granted_by;
};

struct yaml_power {
	struct yaml_frame *awake;
	struct yaml_frame *kl15_hold;
	struct yaml_frame *drive_inhibit;
	uint32_t max_awake_s;
	uint32_t min_battery_mv;
	uint32_t max_drop_mv;
	uint32_t min_charge_percent;
	uint32_t percent_per_hour;
};

/* how long the driver may postpone, per urgency */
struct yaml_postpone_max {
	int64_t low; /* signed, so that a negative one is told with the range that it should be in */
	int64_t normal;
	int64_t high;
	int64_t critical;
};

struct yaml_policy {
	struct yaml_postpone_max postpone_max_s;
	int64_t service_notice_s;
	uint32_t postpone_s;
	uint32_t max_attempts;
	uint32_t retry_pause_s;
	uint32_t poll_s;
	bool wake_to_check;
};

struct yaml_config {
	char *vehicle_id;
	char *state_dir;
	uint32_t min_free_mib;
	char *dbus;
	char *ecu_keys;
	char *seed_key_dir;
	char *tester_serial;
	char *shop_code;
	char *time_zone;
	char *zoneinfo_dir;
	struct yaml_backend backend;
	struct yaml_trust trust;
	struct yaml_bus *buses;
	unsigned buses_count;
	struct yaml_ecu *ecus;
	unsigned ecus_count;
	struct yaml_signals signals;
	struct yaml_power power;
	struct yaml_policy policy;
};

extern const cyaml_schema_value_t config_schema;

struct yaml_doc;
struct yaml_error;
struct gateway_config;

/* config_driver.c: the driver's part of the policy, checked. Return: 0, or < 0 with the error said */
int config_driver(const struct yaml_doc *doc, struct yaml_error *error, const struct yaml_policy *in,
		  struct gateway_config *out);

#endif
