/*
 * virtual_ecu_config - the ECUs of a virtual-ecu process, from YAML.
 *
 * sim/demo/virtual-ecus.yaml is an example with every key explained.
 */
#ifndef SIM_VIRTUAL_ECU_CONFIG_H
#define SIM_VIRTUAL_ECU_CONFIG_H

#include "common/yaml_load.h"
#include "sim/ecu_core.h"

#define VECU_MAX_ECUS   64u
#define VECU_MAX_BUSES  16u
#define VECU_NAME_BYTES 32u
#define VECU_PATH_BYTES 256u

enum vecu_algorithm { VECU_SECURITY_NONE, VECU_SECURITY_AES128_CMAC, VECU_SECURITY_XOR };

struct vecu_bus {
	char name[VECU_NAME_BYTES];
	char port[VECU_PATH_BYTES]; /* "can0", "unix:PATH"; empty = to be given by --bus */
	bool fd;
};

/* what a new ECU holds */
struct vecu_factory {
	bool present;               /* it has a valid application */
	char file[VECU_PATH_BYTES]; /* raw bytes; empty = a pattern made from the ECU's name */
	uint32_t address;
	uint32_t size; /* of the pattern */
	char version[ECU_TEXT_BYTES];
};

/* the secret of a security level */
struct vecu_secret {
	enum vecu_algorithm algorithm;
	uint8_t key[ECU_MAX_SEED_BYTES];
	uint8_t n_key;
};

struct vecu_definition {
	char name[VECU_NAME_BYTES];
	size_t bus;                                 /* index into buses */
	struct ecu_config core;                     /* the regions' bytes are NULL */
	struct vecu_secret secrets[ECU_MAX_LEVELS]; /* of security.level, then of more_levels */
	struct vecu_factory factory;
};

struct vecu_setup {
	struct vecu_bus buses[VECU_MAX_BUSES];
	size_t n_buses;
	struct vecu_definition ecus[VECU_MAX_ECUS];
	size_t n_ecus;
};

/**
 * vecu_setup_load() - the setup of a file
 * @setup: on success owned by the caller, free()
 *
 * Return: 0; -errno or 1 with @error filled.
 */
int vecu_setup_load(const char *path, struct vecu_setup **setup, struct yaml_error *error);

#endif
