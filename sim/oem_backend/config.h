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

/* as the file has them: signed, so that a negative one is told with the range that it should be in */
struct config_numbers {
	int64_t author_threshold;
	int64_t heartbeat_s;
	int64_t trigger_after_s;
	int64_t poll_s;
};

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
	char *control; /* UNIX socket of oemctl */
	int mode;      /* of all that modes does not name; unspecified = negotiated */
	struct strategy_mode *modes;
	unsigned modes_count;
	char *strategy; /* NULL, or the file of urgencies, see strategy_load.h */
	enum config_notice notice;
	enum config_trigger trigger;
	struct config_numbers numbers;
	/* not of the file, or checked */
	char host[256];
	uint16_t port;
	uint8_t author_threshold;
	uint16_t heartbeat_s;
	uint32_t trigger_after_s; /* though the vehicle was never seen in the state for it; 0 = never */
	uint32_t poll_s;          /* 0 = the vehicle's own setting */
};

/* Return: 0; 1 or -errno with @error filled */
int config_load(const char *path, struct config **config, struct yaml_error *error);
void config_free(struct config *config);

#endif
