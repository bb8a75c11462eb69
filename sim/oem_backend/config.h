/*
 * config - the backend's YAML file. Relative paths are below the file's own folder.
 */
#ifndef SIM_OEM_BACKEND_CONFIG_H
#define SIM_OEM_BACKEND_CONFIG_H

#include <stdint.h>

#include "common/yaml_load.h"
#include "metadata.pb-c.h"
#include "sim/oem_backend/strategy.h"

struct config_tls {
	char *certificate;
	char *key;
	char *client_ca; /* who signs the vehicles' certificates */
};

/* what a negotiated campaign begins with: the document, or only that there is one */
enum config_notice { CONFIG_NOTICE_DOCUMENT, CONFIG_NOTICE_EXISTENCE };
/* who triggers a server-initiated campaign: the vehicle's state, as its heartbeats tell it, or a person */
enum config_trigger { CONFIG_TRIGGER_STATE, CONFIG_TRIGGER_OPERATOR };

struct config {
	char *listen;    /* host:port; port 0 takes any */
	char *port_file; /* NULL, or where the port is written once it listens */
	struct config_tls tls;
	char *database;
	char *blob_dir;
	char *director_key; /* private PEM */
	char *time_key;     /* private PEM */
	char **author_keys; /* public PEM */
	unsigned author_keys_count;
	uint8_t author_threshold; /* 0 = 1 */
	char *control;            /* UNIX socket of oemctl */
	uint16_t heartbeat_s;     /* 0 = 10 */
	int mode;                 /* of all that modes does not name; unspecified = negotiated */
	struct strategy_mode *modes;
	unsigned modes_count;
	char *strategy; /* NULL, or the file of urgencies, see strategy_load.h */
	enum config_notice notice;
	enum config_trigger trigger;
	uint32_t trigger_after_s; /* though the vehicle was never seen in the state for it; 0 = never */
	uint32_t poll_s;          /* 0 = the vehicle's own setting */
	/* not of the file */
	char host[256];
	uint16_t port;
};

/* Return: 0; 1 or -errno with @error filled */
int config_load(const char *path, struct config **config, struct yaml_error *error);
void config_free(struct config *config);

#endif
