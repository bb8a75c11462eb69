/*
 * config - gatewayd's configuration file, YAML, checked whole before anything starts. docs/configuration.md is its
 * reference.
 */
#ifndef GATEWAYD_IO_CONFIG_H
#define GATEWAYD_IO_CONFIG_H

#include "common/yaml_load.h"
#include "ecu-flash/profile.h"
#include "gatewayd/core/gateway.h"
#include "uds/can_msg.h"
#include "uds/can_signal.h"
#include "uds/port/can_link.h"

#define CONFIG_MAX_BUSES  8u
#define CONFIG_MAX_KEYS   8u
#define CONFIG_PATH_BYTES 512u
/* "PATH:LINE: KEY: " */
#define CONFIG_WHERE_BYTES (CONFIG_PATH_BYTES + 96u)

struct config_bus {
	char name[GATEWAY_NAME_BYTES];
	char port[CONFIG_PATH_BYTES]; /* "can0" or "unix:PATH" */
	bool fd;
	uint8_t max_parallel;        /* ECUs flashed at once on this bus */
	uint32_t bitrate;            /* for estimates, bit/s */
	uint32_t data_bitrate;       /* for estimates; 0 = not given */
	struct can_link_wanted link; /* what its interface must be like: only what the file gives */
};

struct config_signal {
	bool configured;
	uint8_t bus; /* index */
	uint32_t id;
	bool extended_id;
	struct can_signal codec;
	/* VEHICLE_IGNITION: raw value of each enum ignition, -1 = none. Signals that say yes or no: [1] is the raw
	 * value of yes, [0] that of no, -1: any other says no */
	int32_t ignition_values[5];
};

/* with which the vehicle is asked for something */
struct config_frame {
	bool configured;
	uint8_t bus; /* index */
	struct can_msg ask;
	struct can_msg release; /* len 0: there is none, the frame just ends */
	uint32_t cycle_ms;
};

struct config_ecu {
	uint8_t bus;            /* index */
	struct profile profile; /* for identification; a campaign brings its own */
};

struct config_key_list {
	char files[CONFIG_MAX_KEYS][CONFIG_PATH_BYTES];
	unsigned lines[CONFIG_MAX_KEYS]; /* where the configuration names them */
	uint8_t n;
	uint8_t threshold;
};

struct config {
	char path[CONFIG_PATH_BYTES];
	struct gateway_config core;
	char backend_host[256];
	char backend_port[16];
	char backend_ca[CONFIG_PATH_BYTES];
	char backend_crl[CONFIG_PATH_BYTES]; /* "" = none */
	char backend_certificate[CONFIG_PATH_BYTES];
	char backend_key[CONFIG_PATH_BYTES];
	unsigned backend_line, backend_ca_line, backend_crl_line; /* in the file, from 1 */
	unsigned backend_certificate_line, backend_key_line;
	struct config_key_list author_keys, director_keys, time_keys;
	char state_dir[CONFIG_PATH_BYTES];
	uint64_t min_free_bytes; /* of the state directory's file system, kept free beside what a campaign needs */
	char ecu_keys[CONFIG_PATH_BYTES]; /* key file for SecurityAccess; "" = none */
	unsigned ecu_keys_line;
	char seed_key_dir[CONFIG_PATH_BYTES]; /* shared objects for seed and key; "" = none */
	char tester_serial[FLASH_ORIGIN_BYTES], shop_code[FLASH_ORIGIN_BYTES]; /* for fingerprints that name them */
	char time_zone[ZONE_NAME_BYTES];      /* where the vehicle lives; core.zone is loaded from it */
	char zoneinfo_dir[CONFIG_PATH_BYTES]; /* files of the time zones */
	char dbus_address[CONFIG_PATH_BYTES]; /* "system", "none", or an address as "unix:path=…" */
	struct config_bus buses[CONFIG_MAX_BUSES];
	uint8_t n_buses;
	struct config_ecu ecus[GATEWAY_MAX_ECUS]; /* same index as core.ecus */
	struct config_signal signals[VEHICLE_SIGNALS];
	struct config_frame frames[POWER_HOLDS];
};

/**
 * config_load() - read and check; relative paths are relative to the file's folder
 * Return: 0; -errno unreadable; 1 wrong, with file, line and key in @error.
 */
int config_load(const char *path, struct config *config, struct yaml_error *error);

/**
 * config_check_files() - whether the keys and certificates that it names can be read; profiles were by config_load()
 * Return: 0; 1 with the configuration's file, line and key, and the path, in @error.
 */
int config_check_files(const struct config *config, struct yaml_error *error);

/* for config.c: the default of the zones' folder, and the vehicle's own zone out of it (NULL: UTC). Return: 0; 1 with
 * words */
int config_load_zone(struct config *config, const char *time_zone, char *text, size_t n_text);

/* begins a value that names a credential of the service manager instead of a path */
#define CONFIG_CREDENTIAL "credential:"

/**
 * config_credential() - where the credential @name lies, which the service manager hands over ($CREDENTIALS_DIRECTORY)
 * @path, @why: CONFIG_PATH_BYTES each; @why is what is wrong and what to do, for behind file, line and key
 * Return: 0; 1 if there is none of this name, with @why filled.
 */
int config_credential(const char *name, char *path, char *why);

/* where the state is kept unless the file says so: what the service manager made for it ($STATE_DIRECTORY) */
const char *config_state_dir(void);

/* Return: 0 if the file at @path can be opened and read; -errno */
int config_readable(const char *path);

/* how an error about what a key names begins: "PATH:LINE: KEY: "; empty if the line is not known. CONFIG_WHERE_BYTES */
void config_where(const struct config *config, unsigned line, const char *key, char *out, size_t n);

#endif
