#include "gatewayd/io/config.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ecu-flash/load/profile_load.h"
#include "ecu-flash/flash_bus.h"
#include "gatewayd/io/config_priv.h"
#include "proto/check.h"

int config_number(struct loader *l, const char *key, int64_t value, uint32_t fallback, uint32_t min, uint32_t max,
		  uint32_t *out)
{
	return yaml_number(l->doc, l->error, key, value, fallback, min, max, out);
}

/* names that stand in signed documents and messages */
static int id_of(struct loader *l, const char *key, const char *text, char out[GATEWAY_NAME_BYTES])
{
	if (!text_is_id(text))
		return yaml_error_at(l->doc, l->error, key,
				     "'%.64s' must be 1..64 of [A-Za-z0-9._-], not beginning with '.'", text);
	snprintf(out, GATEWAY_NAME_BYTES, "%s", text);
	return 0;
}

static int path_of(struct loader *l, const char *key, const char *text, char out[CONFIG_PATH_BYTES])
{
	int n;

	if (text[0] == '/')
		n = snprintf(out, CONFIG_PATH_BYTES, "%s", text);
	else
		n = snprintf(out, CONFIG_PATH_BYTES, "%s/%s", l->folder, text);
	if (n < 0 || (size_t)n >= CONFIG_PATH_BYTES)
		return yaml_error_at(l->doc, l->error, key, "path is longer than %u bytes", CONFIG_PATH_BYTES - 1);
	return 0;
}

/* a file that may also be a credential of the service manager: what only the daemon is to read */
static int file_of(struct loader *l, const char *key, const char *text, char out[CONFIG_PATH_BYTES])
{
	const size_t n = strlen(CONFIG_CREDENTIAL);
	char why[CONFIG_PATH_BYTES];

	if (strncmp(text, CONFIG_CREDENTIAL, n) != 0)
		return path_of(l, key, text, out);
	if (config_credential(text + n, out, why) == 0)
		return 0;
	return yaml_error_at(l->doc, l->error, key, "%s", why);
}

static int load_backend(struct loader *l)
{
	const struct yaml_backend *in = &l->yaml->backend;
	struct config *out = l->config;
	struct session_config *session = &out->core.session;
	uint32_t port;
	int r;

	if ((r = config_number(l, "backend.port", in->port, 0, 1, 65535, &port)))
		return r;
	snprintf(out->backend_host, sizeof(out->backend_host), "%s", in->host);
	snprintf(out->backend_port, sizeof(out->backend_port), "%u", port);
	if ((r = file_of(l, "backend.ca", in->ca, out->backend_ca)) ||
	    (in->crl && (r = file_of(l, "backend.crl", in->crl, out->backend_crl))) ||
	    (r = file_of(l, "backend.certificate", in->certificate, out->backend_certificate)) ||
	    (r = file_of(l, "backend.key", in->key, out->backend_key)))
		return r;
	out->backend_line = yaml_line_of(l->doc, "backend");
	out->backend_ca_line = yaml_line_of(l->doc, "backend.ca");
	out->backend_crl_line = yaml_line_of(l->doc, "backend.crl");
	out->backend_certificate_line = yaml_line_of(l->doc, "backend.certificate");
	out->backend_key_line = yaml_line_of(l->doc, "backend.key");
	if ((r = config_number(l, "backend.backoff_min_ms", in->backoff_min_ms, 1000, 10, 3600000,
			       &session->backoff_min_ms)) ||
	    (r = config_number(l, "backend.backoff_max_ms", in->backoff_max_ms, 300000, session->backoff_min_ms,
			       86400000, &session->backoff_max_ms)))
		return r;
	return config_number(l, "backend.answer_max_ms", in->answer_max_ms, 30000, 100, 600000,
			     &session->answer_max_ms);
}

static int load_keys(struct loader *l, const char *name, const struct yaml_keys *in, struct config_key_list *out)
{
	char key[64];
	uint32_t threshold;
	int r;

	for (unsigned i = 0; i < in->keys_count; i++) {
		snprintf(key, sizeof(key), "trust.%s.keys[%u]", name, i);
		if ((r = file_of(l, key, in->keys[i], out->files[i])))
			return r;
		out->lines[i] = yaml_line_of(l->doc, key);
	}
	out->n = (uint8_t)in->keys_count;
	snprintf(key, sizeof(key), "trust.%s.threshold", name);
	if ((r = config_number(l, key, in->threshold, 1, 1, in->keys_count, &threshold)))
		return r;
	out->threshold = (uint8_t)threshold;
	return 0;
}

static bool is_simulated(const char *port)
{
	return strncmp(port, "unix:", 5) == 0;
}

/* a simulated bus has no interface: what cannot be checked or set there is refused, not ignored */
static int no_link(struct loader *l, unsigned index)
{
	static const char *const keys[] = {"sample_point", "restart_ms", "bring_up"};
	char key[64];

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		snprintf(key, sizeof(key), "buses[%u].%s", index, keys[i]);
		if (yaml_has(l->doc, key))
			return yaml_error_at(l->doc, l->error, key,
					     "is for a network interface; a simulated bus (unix:) has none");
	}
	return 0;
}

static int load_sample_point(struct loader *l, unsigned index, double value, uint16_t *out)
{
	char key[64];

	snprintf(key, sizeof(key), "buses[%u].sample_point", index);
	if (!yaml_has(l->doc, key))
		return 0;
	if (!(value >= 0.5 && value <= 0.999))
		return yaml_error_at(l->doc, l->error, key, "must be 0.5..0.999 of a bit, is %g", value);
	*out = (uint16_t)(value * 1000 + 0.5);
	return 0;
}

/* bit rates, for estimates and, where they are given, for the interface */
static int load_link(struct loader *l, unsigned index)
{
	const struct yaml_bus *in = &l->yaml->buses[index];
	struct config_bus *out = &l->config->buses[index];
	char key[64];
	int r;

	snprintf(key, sizeof(key), "buses[%u].bitrate", index);
	if ((r = config_number(l, key, in->bitrate, 500000, 10000, 1000000, &out->bitrate)))
		return r;
	out->link.bitrate = yaml_has(l->doc, key) ? out->bitrate : 0;
	out->link.fd = in->fd;
	snprintf(key, sizeof(key), "buses[%u].data_bitrate", index);
	if (yaml_has(l->doc, key)) {
		if (!in->fd)
			return yaml_error_at(l->doc, l->error, key, "is of CAN FD: needs fd: true");
		if ((r = config_number(l, key, in->data_bitrate, 0, 10000, 16000000, &out->data_bitrate)))
			return r;
		out->link.data_bitrate = out->data_bitrate;
	}
	if (is_simulated(in->port))
		return no_link(l, index);
	if ((r = load_sample_point(l, index, in->sample_point, &out->link.sample_point)))
		return r;
	snprintf(key, sizeof(key), "buses[%u].restart_ms", index);
	out->link.has_restart_ms = yaml_has(l->doc, key);
	if ((r = config_number(l, key, in->restart_ms, 0, 0, 600000, &out->link.restart_ms)))
		return r;
	snprintf(key, sizeof(key), "buses[%u].bring_up", index);
	out->link.bring_up = in->bring_up;
	if (in->bring_up && !out->link.bitrate)
		return yaml_error_at(l->doc, l->error, key, "needs a bitrate to bring it up at");
	return 0;
}

static int load_buses(struct loader *l)
{
	char key[64];
	int r;

	for (unsigned i = 0; i < l->yaml->buses_count; i++) {
		const struct yaml_bus *in = &l->yaml->buses[i];
		struct config_bus *out = &l->config->buses[i];
		uint32_t parallel;

		for (unsigned k = 0; k < i; k++) {
			snprintf(key, sizeof(key), "buses[%u].name", i);
			if (strcmp(in->name, l->yaml->buses[k].name) == 0)
				return yaml_error_at(l->doc, l->error, key, "'%s' is the name of another bus too",
						     in->name);
		}
		snprintf(out->name, sizeof(out->name), "%s", in->name);
		snprintf(out->port, sizeof(out->port), "%s", in->port);
		out->fd = in->fd;
		if ((r = load_link(l, i)))
			return r;
		snprintf(key, sizeof(key), "buses[%u].max_parallel", i);
		if ((r = config_number(l, key, in->max_parallel, 1, 1, FLASH_BUS_MAX_TARGETS, &parallel)))
			return r;
		out->max_parallel = (uint8_t)parallel;
	}
	l->config->n_buses = (uint8_t)l->yaml->buses_count;
	return 0;
}

int config_bus_index(struct loader *l, const char *key, const char *name, uint8_t *bus)
{
	for (uint8_t i = 0; i < l->config->n_buses; i++) {
		if (strcmp(name, l->config->buses[i].name) == 0) {
			*bus = i;
			return 0;
		}
	}
	return yaml_error_at(l->doc, l->error, key, "there is no bus '%s' under buses:", name);
}

/* two that answer to the same identifiers: the wrong one would be flashed */
static int check_addresses(struct loader *l, unsigned index)
{
	const struct config_ecu *ecu = &l->config->ecus[index];
	const struct isotp_address *ours = &ecu->profile.link.address;
	char key[64];

	snprintf(key, sizeof(key), "ecus[%u].profile", index);
	for (unsigned k = 0; k < index; k++) {
		const struct isotp_address *other = &l->config->ecus[k].profile.link.address;

		if (l->config->ecus[k].bus == ecu->bus && other->extended_id == ours->extended_id &&
		    other->tx_id == ours->tx_id && other->rx_id == ours->rx_id && other->tx_ae == ours->tx_ae &&
		    other->rx_ae == ours->rx_ae)
			return yaml_error_at(l->doc, l->error, key, "has the addresses of ECU '%s' on the same bus",
					     l->config->core.ecus[k].name);
	}
	return 0;
}

/* what is wrong in a profile is named by its own file, line and key; which key named the profile comes after it */
static int load_profile(struct loader *l, const char *key, const char *path, struct profile *profile)
{
	int r = config_readable(path);
	size_t n;

	if (r)
		return yaml_error_at(l->doc, l->error, key, "%s: %s", path, strerror(-r));
	r = profile_load_file(path, profile, l->error);
	if (r == 0)
		return 0;
	n = strlen(l->error->text);
	snprintf(l->error->text + n, sizeof(l->error->text) - n, " (%s:%u: %s)", l->config->path,
		 yaml_line_of(l->doc, key), key);
	return r;
}

static int load_ecus(struct loader *l)
{
	char key[64], path[CONFIG_PATH_BYTES];
	int r;

	for (unsigned i = 0; i < l->yaml->ecus_count; i++) {
		const struct yaml_ecu *in = &l->yaml->ecus[i];
		struct config_ecu *out = &l->config->ecus[i];

		snprintf(key, sizeof(key), "ecus[%u].name", i);
		for (unsigned k = 0; k < i; k++) {
			if (strcmp(in->name, l->yaml->ecus[k].name) == 0)
				return yaml_error_at(l->doc, l->error, key, "'%s' is the name of another ECU too",
						     in->name);
		}
		if ((r = id_of(l, key, in->name, l->config->core.ecus[i].name)))
			return r;
		snprintf(key, sizeof(key), "ecus[%u].bus", i);
		if ((r = config_bus_index(l, key, in->bus, &out->bus)))
			return r;
		snprintf(key, sizeof(key), "ecus[%u].profile", i);
		if ((r = path_of(l, key, in->profile, path)))
			return r;
		if ((r = load_profile(l, key, path, &out->profile)))
			return r;
		if (out->profile.link.fd && !l->config->buses[out->bus].fd)
			return yaml_error_at(l->doc, l->error, key, "needs CAN FD, which bus '%s' does not have",
					     in->bus);
		if ((r = check_addresses(l, i)))
			return r;
		snprintf(l->config->core.ecus[i].bus, sizeof(l->config->core.ecus[i].bus), "%s", in->bus);
		l->config->core.ecus[i].bitrate = l->config->buses[out->bus].bitrate;
		l->config->core.ecus[i].data_bitrate = l->config->buses[out->bus].data_bitrate;
	}
	l->config->core.n_ecus = (uint8_t)l->yaml->ecus_count;
	return 0;
}

static int load_policy(struct loader *l)
{
	const struct yaml_policy *in = &l->yaml->policy;
	struct gateway_config *out = &l->config->core;
	uint32_t attempts;
	int r;

	if ((r = config_number(l, "policy.postpone_s", in->postpone_s, 3600, 60, 604800, &out->postpone_s)) ||
	    (r = config_number(l, "policy.retry_pause_s", in->retry_pause_s, 30, 1, 86400, &out->retry_pause_s)) ||
	    (r = config_number(l, "policy.poll_s", in->poll_s, INQUIRY_DEFAULT_POLL_S, 1, INQUIRY_MAX_POLL_S,
			       &out->poll_s)) ||
	    (r = config_number(l, "policy.max_attempts", in->max_attempts, 3, 1, 20, &attempts)))
		return r;
	out->max_attempts = (uint8_t)attempts;
	out->wake_to_check = in->wake_to_check;
	return config_driver(l);
}

static int load_rest(struct loader *l)
{
	const struct yaml_config *in = l->yaml;
	struct config *out = l->config;
	uint32_t min_free_mib;
	char why[300];
	int r;

	if ((r = id_of(l, "vehicle_id", in->vehicle_id, out->core.vehicle_id)))
		return r;
	if ((r = path_of(l, "state_dir", in->state_dir ? in->state_dir : config_state_dir(), out->state_dir)))
		return r;
	if ((r = config_number(l, "min_free_mib", in->min_free_mib, 16, 0, 1048576, &min_free_mib)))
		return r;
	out->min_free_bytes = (uint64_t)min_free_mib << 20;
	snprintf(out->dbus_address, sizeof(out->dbus_address), "%s", in->dbus ? in->dbus : "system");
	if (in->ecu_keys && (r = file_of(l, "ecu_keys", in->ecu_keys, out->ecu_keys)))
		return r;
	out->ecu_keys_line = yaml_line_of(l->doc, "ecu_keys");
	if (in->seed_key_dir && (r = path_of(l, "seed_key_dir", in->seed_key_dir, out->seed_key_dir)))
		return r;
	snprintf(out->tester_serial, sizeof(out->tester_serial), "%s", in->tester_serial ? in->tester_serial : "");
	snprintf(out->shop_code, sizeof(out->shop_code), "%s", in->shop_code ? in->shop_code : "");
	out->core.build_unix_s = GU_BUILD_UNIX_S;
	if (in->zoneinfo_dir && (r = path_of(l, "zoneinfo_dir", in->zoneinfo_dir, out->zoneinfo_dir)))
		return r;
	if (config_load_zone(out, in->time_zone, why, sizeof(why)))
		return yaml_error_at(l->doc, l->error, in->time_zone ? "time_zone" : "zoneinfo_dir", "%s", why);
	if (in->zoneinfo_dir && access(out->zoneinfo_dir, R_OK | X_OK))
		return yaml_error_at(l->doc, l->error, "zoneinfo_dir", "%s: cannot be read: %s", out->zoneinfo_dir,
				     strerror(errno));
	return 0;
}

static int load_all(struct loader *l)
{
	int r;

	if ((r = load_rest(l)) || (r = load_backend(l)) ||
	    (r = load_keys(l, "author", &l->yaml->trust.author, &l->config->author_keys)) ||
	    (r = load_keys(l, "director", &l->yaml->trust.director, &l->config->director_keys)) ||
	    (r = load_keys(l, "time", &l->yaml->trust.time, &l->config->time_keys)) || (r = load_buses(l)) ||
	    (r = load_ecus(l)))
		return r;
	if ((r = config_load_signals(l)) || (r = config_load_power(l)))
		return r;
	return load_policy(l);
}

int config_load(const char *path, struct config *config, struct yaml_error *error)
{
	struct loader loader = {.error = error, .config = config};
	char copy[CONFIG_PATH_BYTES];
	struct yaml_doc *doc = NULL;
	void *data = NULL;
	int r;

	memset(config, 0, sizeof(*config));
	if (strlen(path) >= sizeof(config->path)) {
		snprintf(error->text, sizeof(error->text), "the configuration's path is longer than %u bytes",
			 CONFIG_PATH_BYTES - 1);
		return -ENAMETOOLONG;
	}
	snprintf(config->path, sizeof(config->path), "%s", path);
	snprintf(copy, sizeof(copy), "%s", path);
	snprintf(loader.folder, sizeof(loader.folder), "%s", dirname(copy));
	r = yaml_load_file(path, &config_schema, &data, &doc, error);
	if (r)
		return r;
	loader.yaml = data;
	loader.doc = doc;
	r = load_all(&loader);
	yaml_free(&config_schema, data);
	yaml_doc_free(doc);
	return r;
}
