/*
 * config_schema - the YAML form of gatewayd's configuration as libcyaml loads it, before it is checked and resolved.
 *
 * Numbers are signed and 64 bits wide, so that a negative one, and one that is too large, is told with the range that
 * it should be in.
 */
#ifndef GATEWAYD_IO_CONFIG_SCHEMA_H
#define GATEWAYD_IO_CONFIG_SCHEMA_H

#include <cyaml/cyaml.h>
#include <stdbool.h>
#include <stdint.h>

struct yaml_backend {
	char *host;
	int64_t port;
	char *ca;
	char *crl;
	char *certificate;
	char *key;
	int64_t backoff_min_ms;
	int64_t backoff_max_ms;
	int64_t answer_max_ms;
};

struct yaml_keys {
	char **keys;
	unsigned keys_count;
	int64_t threshold;
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
	int64_t bitrate;
	double sample_point;
	int64_t data_bitrate;
	int64_t restart_ms;
	bool bring_up;
	int64_t max_parallel;
};

struct yaml_ecu {
	char *name;
	char *bus;
	char *profile;
};

struct yaml_values {
	int64_t off;
	int64_t accessory;
	int64_t on;
	int64_t cranking;
};

enum yaml_byte_order { YAML_ORDER_LITTLE, YAML_ORDER_BIG };

struct yaml_signal {
	char *bus;
	int64_t id;
	int64_t id_bits;
	int64_t start_bit;
	int64_t length;
	enum yaml_byte_order byte_order;
	bool is_signed;
	double factor;
	double offset;
	int64_t max_age_ms;
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
	int64_t id;
	int64_t id_bits;
	char *data;
	char *release_data;
	int64_t cycle_ms;
	int64_t confirm_ms;
	char *granted_by;
};

struct yaml_power {
	struct yaml_frame *awake;
	struct yaml_frame *kl15_hold;
	struct yaml_frame *drive_inhibit;
	int64_t max_awake_s;
	int64_t min_battery_mv;
	int64_t max_drop_mv;
	int64_t min_charge_percent;
	int64_t percent_per_hour;
};

/* how long the driver may postpone, per urgency */
struct yaml_postpone_max {
	int64_t low;
	int64_t normal;
	int64_t high;
	int64_t critical;
};

struct yaml_policy {
	struct yaml_postpone_max postpone_max_s;
	int64_t service_notice_s;
	int64_t postpone_s;
	int64_t max_attempts;
	int64_t retry_pause_s;
	int64_t poll_s;
	bool wake_to_check;
};

struct yaml_config {
	char *vehicle_id;
	char *state_dir;
	int64_t min_free_mib;
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

#endif
