#include "gatewayd/io/config_schema.h"

#include "gatewayd/io/config.h"

static const cyaml_schema_value_t path_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, CONFIG_PATH_BYTES - 1),
};

static const cyaml_schema_field_t backend_fields[] = {
    CYAML_FIELD_STRING_PTR("host", CYAML_FLAG_POINTER, struct yaml_backend, host, 1, 255),
    CYAML_FIELD_INT("port", CYAML_FLAG_DEFAULT, struct yaml_backend, port),
    CYAML_FIELD_STRING_PTR("ca", CYAML_FLAG_POINTER, struct yaml_backend, ca, 1, CONFIG_PATH_BYTES - 1),
    CYAML_FIELD_STRING_PTR("crl", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_backend, crl, 1,
			   CONFIG_PATH_BYTES - 1),
    CYAML_FIELD_STRING_PTR("certificate", CYAML_FLAG_POINTER, struct yaml_backend, certificate, 1,
			   CONFIG_PATH_BYTES - 1),
    CYAML_FIELD_STRING_PTR("key", CYAML_FLAG_POINTER, struct yaml_backend, key, 1, CONFIG_PATH_BYTES - 1),
    CYAML_FIELD_INT("backoff_min_ms", CYAML_FLAG_OPTIONAL, struct yaml_backend, backoff_min_ms),
    CYAML_FIELD_INT("backoff_max_ms", CYAML_FLAG_OPTIONAL, struct yaml_backend, backoff_max_ms),
    CYAML_FIELD_INT("answer_max_ms", CYAML_FLAG_OPTIONAL, struct yaml_backend, answer_max_ms),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t keys_fields[] = {
    CYAML_FIELD_SEQUENCE("keys", CYAML_FLAG_POINTER, struct yaml_keys, keys, &path_entry, 1, CONFIG_MAX_KEYS),
    CYAML_FIELD_INT("threshold", CYAML_FLAG_OPTIONAL, struct yaml_keys, threshold),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t trust_fields[] = {
    CYAML_FIELD_MAPPING("author", CYAML_FLAG_DEFAULT, struct yaml_trust, author, keys_fields),
    CYAML_FIELD_MAPPING("director", CYAML_FLAG_DEFAULT, struct yaml_trust, director, keys_fields),
    CYAML_FIELD_MAPPING("time", CYAML_FLAG_DEFAULT, struct yaml_trust, time, keys_fields),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t bus_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct yaml_bus, name, 1, GATEWAY_NAME_BYTES - 1),
    CYAML_FIELD_STRING_PTR("port", CYAML_FLAG_POINTER, struct yaml_bus, port, 1, CONFIG_PATH_BYTES - 1),
    CYAML_FIELD_BOOL("fd", CYAML_FLAG_OPTIONAL, struct yaml_bus, fd),
    CYAML_FIELD_INT("bitrate", CYAML_FLAG_OPTIONAL, struct yaml_bus, bitrate),
    CYAML_FIELD_FLOAT("sample_point", CYAML_FLAG_OPTIONAL, struct yaml_bus, sample_point),
    CYAML_FIELD_INT("data_bitrate", CYAML_FLAG_OPTIONAL, struct yaml_bus, data_bitrate),
    CYAML_FIELD_INT("restart_ms", CYAML_FLAG_OPTIONAL, struct yaml_bus, restart_ms),
    CYAML_FIELD_BOOL("bring_up", CYAML_FLAG_OPTIONAL, struct yaml_bus, bring_up),
    CYAML_FIELD_INT("max_parallel", CYAML_FLAG_OPTIONAL, struct yaml_bus, max_parallel),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t bus_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct yaml_bus, bus_fields),
};

static const cyaml_schema_field_t ecu_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct yaml_ecu, name, 1, GATEWAY_NAME_BYTES - 1),
    CYAML_FIELD_STRING_PTR("bus", CYAML_FLAG_POINTER, struct yaml_ecu, bus, 1, GATEWAY_NAME_BYTES - 1),
    CYAML_FIELD_STRING_PTR("profile", CYAML_FLAG_POINTER, struct yaml_ecu, profile, 1, CONFIG_PATH_BYTES - 1),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t ecu_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct yaml_ecu, ecu_fields),
};

static const cyaml_strval_t byte_orders[] = {{"little", YAML_ORDER_LITTLE}, {"big", YAML_ORDER_BIG}};

static const cyaml_schema_field_t values_fields[] = {
    CYAML_FIELD_INT("off", CYAML_FLAG_OPTIONAL, struct yaml_values, off),
    CYAML_FIELD_INT("accessory", CYAML_FLAG_OPTIONAL, struct yaml_values, accessory),
    CYAML_FIELD_INT("on", CYAML_FLAG_OPTIONAL, struct yaml_values, on),
    CYAML_FIELD_INT("cranking", CYAML_FLAG_OPTIONAL, struct yaml_values, cranking),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t signal_fields[] = {
    CYAML_FIELD_STRING_PTR("bus", CYAML_FLAG_POINTER, struct yaml_signal, bus, 1, GATEWAY_NAME_BYTES - 1),
    CYAML_FIELD_INT("id", CYAML_FLAG_DEFAULT, struct yaml_signal, id),
    CYAML_FIELD_INT("id_bits", CYAML_FLAG_OPTIONAL, struct yaml_signal, id_bits),
    CYAML_FIELD_INT("start_bit", CYAML_FLAG_DEFAULT, struct yaml_signal, start_bit),
    CYAML_FIELD_INT("length", CYAML_FLAG_DEFAULT, struct yaml_signal, length),
    CYAML_FIELD_ENUM("byte_order", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, struct yaml_signal, byte_order, byte_orders,
		     CYAML_ARRAY_LEN(byte_orders)),
    CYAML_FIELD_BOOL("signed", CYAML_FLAG_OPTIONAL, struct yaml_signal, is_signed),
    CYAML_FIELD_FLOAT("factor", CYAML_FLAG_OPTIONAL, struct yaml_signal, factor),
    CYAML_FIELD_FLOAT("offset", CYAML_FLAG_OPTIONAL, struct yaml_signal, offset),
    CYAML_FIELD_INT("max_age_ms", CYAML_FLAG_OPTIONAL, struct yaml_signal, max_age_ms),
    CYAML_FIELD_BOOL("survives_silence", CYAML_FLAG_OPTIONAL, struct yaml_signal, survives_silence),
    CYAML_FIELD_MAPPING_PTR("values", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_signal, values,
			    values_fields),
    CYAML_FIELD_END,
};

#define SIGNAL(name)                                                                                        \
	CYAML_FIELD_MAPPING_PTR(#name, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_signals, name, \
				signal_fields)
static const cyaml_schema_field_t signals_fields[] = {
    SIGNAL(ignition),      SIGNAL(speed_kmh), SIGNAL(battery_mv), SIGNAL(charge_percent),  SIGNAL(gear_park),
    SIGNAL(parking_brake), SIGNAL(charging),  SIGNAL(kl15_held),  SIGNAL(drive_inhibited), CYAML_FIELD_END,
};

#define FRAME_FIELDS                                                                                            \
	CYAML_FIELD_STRING_PTR("bus", CYAML_FLAG_POINTER, struct yaml_frame, bus, 1, GATEWAY_NAME_BYTES - 1),   \
	    CYAML_FIELD_INT("id", CYAML_FLAG_DEFAULT, struct yaml_frame, id),                                   \
	    CYAML_FIELD_INT("id_bits", CYAML_FLAG_OPTIONAL, struct yaml_frame, id_bits),                        \
	    CYAML_FIELD_STRING_PTR("data", CYAML_FLAG_POINTER, struct yaml_frame, data, 2, 191),                \
	    CYAML_FIELD_STRING_PTR("release_data", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_frame, \
				   release_data, 2, 191),                                                       \
	    CYAML_FIELD_INT("cycle_ms", CYAML_FLAG_OPTIONAL, struct yaml_frame, cycle_ms)
static const cyaml_schema_field_t frame_fields[] = {
    FRAME_FIELDS,
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t inhibit_fields[] = {
    FRAME_FIELDS,
    CYAML_FIELD_INT("confirm_ms", CYAML_FLAG_OPTIONAL, struct yaml_frame, confirm_ms),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t kl15_fields[] = {
    FRAME_FIELDS,
    CYAML_FIELD_INT("confirm_ms", CYAML_FLAG_OPTIONAL, struct yaml_frame, confirm_ms),
    CYAML_FIELD_STRING_PTR("granted_by", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_frame, granted_by, 1,
			   GATEWAY_NAME_BYTES - 1),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t power_fields[] = {
    CYAML_FIELD_MAPPING_PTR("awake", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_power, awake, frame_fields),
    CYAML_FIELD_MAPPING_PTR("kl15_hold", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_power, kl15_hold,
			    kl15_fields),
    CYAML_FIELD_MAPPING_PTR("drive_inhibit", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_power, drive_inhibit,
			    inhibit_fields),
    CYAML_FIELD_INT("max_awake_s", CYAML_FLAG_OPTIONAL, struct yaml_power, max_awake_s),
    CYAML_FIELD_INT("min_battery_mv", CYAML_FLAG_OPTIONAL, struct yaml_power, min_battery_mv),
    CYAML_FIELD_INT("max_drop_mv", CYAML_FLAG_OPTIONAL, struct yaml_power, max_drop_mv),
    CYAML_FIELD_INT("min_charge_percent", CYAML_FLAG_OPTIONAL, struct yaml_power, min_charge_percent),
    CYAML_FIELD_INT("percent_per_hour", CYAML_FLAG_OPTIONAL, struct yaml_power, percent_per_hour),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t postpone_max_fields[] = {
    CYAML_FIELD_INT("low", CYAML_FLAG_OPTIONAL, struct yaml_postpone_max, low),
    CYAML_FIELD_INT("normal", CYAML_FLAG_OPTIONAL, struct yaml_postpone_max, normal),
    CYAML_FIELD_INT("high", CYAML_FLAG_OPTIONAL, struct yaml_postpone_max, high),
    CYAML_FIELD_INT("critical", CYAML_FLAG_OPTIONAL, struct yaml_postpone_max, critical),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t policy_fields[] = {
    CYAML_FIELD_MAPPING("postpone_max_s", CYAML_FLAG_OPTIONAL, struct yaml_policy, postpone_max_s, postpone_max_fields),
    CYAML_FIELD_INT("service_notice_s", CYAML_FLAG_OPTIONAL, struct yaml_policy, service_notice_s),
    CYAML_FIELD_INT("postpone_s", CYAML_FLAG_OPTIONAL, struct yaml_policy, postpone_s),
    CYAML_FIELD_INT("max_attempts", CYAML_FLAG_OPTIONAL, struct yaml_policy, max_attempts),
    CYAML_FIELD_INT("retry_pause_s", CYAML_FLAG_OPTIONAL, struct yaml_policy, retry_pause_s),
    CYAML_FIELD_INT("poll_s", CYAML_FLAG_OPTIONAL, struct yaml_policy, poll_s),
    CYAML_FIELD_BOOL("wake_to_check", CYAML_FLAG_OPTIONAL, struct yaml_policy, wake_to_check),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t config_fields[] = {
    CYAML_FIELD_STRING_PTR("vehicle_id", CYAML_FLAG_POINTER, struct yaml_config, vehicle_id, 1, GATEWAY_NAME_BYTES - 1),
    CYAML_FIELD_STRING_PTR("state_dir", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_config, state_dir, 1,
			   CONFIG_PATH_BYTES - 1),
    CYAML_FIELD_INT("min_free_mib", CYAML_FLAG_OPTIONAL, struct yaml_config, min_free_mib),
    CYAML_FIELD_STRING_PTR("dbus", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_config, dbus, 1,
			   CONFIG_PATH_BYTES - 1),
    CYAML_FIELD_STRING_PTR("ecu_keys", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_config, ecu_keys, 1,
			   CONFIG_PATH_BYTES - 1),
    CYAML_FIELD_STRING_PTR("seed_key_dir", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_config, seed_key_dir,
			   1, CONFIG_PATH_BYTES - 1),
    CYAML_FIELD_STRING_PTR("tester_serial", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_config, tester_serial,
			   1, FLASH_ORIGIN_BYTES - 1),
    CYAML_FIELD_STRING_PTR("shop_code", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_config, shop_code, 1,
			   FLASH_ORIGIN_BYTES - 1),
    CYAML_FIELD_MAPPING("backend", CYAML_FLAG_DEFAULT, struct yaml_config, backend, backend_fields),
    CYAML_FIELD_MAPPING("trust", CYAML_FLAG_DEFAULT, struct yaml_config, trust, trust_fields),
    CYAML_FIELD_SEQUENCE("buses", CYAML_FLAG_POINTER, struct yaml_config, buses, &bus_entry, 1, CONFIG_MAX_BUSES),
    CYAML_FIELD_SEQUENCE("ecus", CYAML_FLAG_POINTER, struct yaml_config, ecus, &ecu_entry, 1, GATEWAY_MAX_ECUS),
    CYAML_FIELD_MAPPING("signals", CYAML_FLAG_OPTIONAL, struct yaml_config, signals, signals_fields),
    CYAML_FIELD_STRING_PTR("time_zone", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_config, time_zone, 1,
			   ZONE_NAME_BYTES - 1),
    CYAML_FIELD_STRING_PTR("zoneinfo_dir", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_config, zoneinfo_dir,
			   1, CONFIG_PATH_BYTES - 1),
    CYAML_FIELD_MAPPING("power", CYAML_FLAG_OPTIONAL, struct yaml_config, power, power_fields),
    CYAML_FIELD_MAPPING("policy", CYAML_FLAG_OPTIONAL, struct yaml_config, policy, policy_fields),
    CYAML_FIELD_END,
};

const cyaml_schema_value_t config_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct yaml_config, config_fields),
};
