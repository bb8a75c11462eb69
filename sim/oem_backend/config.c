#include "sim/oem_backend/config.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const cyaml_strval_t mode_words[] = {
    {"client_initiated", GU__UPDATE_MODE__UPDATE_MODE_CLIENT_INITIATED},
    {"server_initiated", GU__UPDATE_MODE__UPDATE_MODE_SERVER_INITIATED},
    {"negotiated", GU__UPDATE_MODE__UPDATE_MODE_NEGOTIATED},
};

static const cyaml_strval_t urgency_words[] = {
    {"low", GU__URGENCY__URGENCY_LOW},
    {"normal", GU__URGENCY__URGENCY_NORMAL},
    {"high", GU__URGENCY__URGENCY_HIGH},
    {"critical", GU__URGENCY__URGENCY_CRITICAL},
};

static const cyaml_strval_t notice_words[] = {
    {"document", CONFIG_NOTICE_DOCUMENT},
    {"existence", CONFIG_NOTICE_EXISTENCE},
};

static const cyaml_strval_t trigger_words[] = {
    {"state", CONFIG_TRIGGER_STATE},
    {"operator", CONFIG_TRIGGER_OPERATOR},
};

#define PATH(key, type, member) CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER, type, member, 1, 4000)
#define OPTIONAL_PATH(key, type, member) \
	CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, member, 1, 4000)
#define OPTIONAL_WORD(key, type, member, words) \
	CYAML_FIELD_ENUM(key, CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, type, member, words, CYAML_ARRAY_LEN(words))

static const cyaml_schema_field_t tls_fields[] = {
    PATH("certificate", struct config_tls, certificate),
    PATH("key", struct config_tls, key),
    PATH("client_ca", struct config_tls, client_ca),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t mode_fields[] = {
    CYAML_FIELD_STRING_PTR("ecu", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct strategy_mode, ecu, 1, 64),
    OPTIONAL_WORD("urgency", struct strategy_mode, urgency, urgency_words),
    CYAML_FIELD_ENUM("mode", CYAML_FLAG_STRICT, struct strategy_mode, mode, mode_words, CYAML_ARRAY_LEN(mode_words)),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t mode_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct strategy_mode, mode_fields),
};

static const cyaml_schema_value_t path_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, 4000),
};

static const cyaml_schema_field_t config_fields[] = {
    CYAML_FIELD_STRING_PTR("listen", CYAML_FLAG_POINTER, struct config, listen, 1, 255),
    OPTIONAL_PATH("port_file", struct config, port_file),
    CYAML_FIELD_MAPPING("tls", CYAML_FLAG_DEFAULT, struct config, tls, tls_fields),
    PATH("database", struct config, database),
    PATH("blob_dir", struct config, blob_dir),
    PATH("director_key", struct config, director_key),
    PATH("time_key", struct config, time_key),
    CYAML_FIELD_SEQUENCE("author_keys", CYAML_FLAG_POINTER, struct config, author_keys, &path_schema, 1, 16),
    CYAML_FIELD_INT("author_threshold", CYAML_FLAG_OPTIONAL, struct config, numbers.author_threshold),
    PATH("control", struct config, control),
    CYAML_FIELD_INT("heartbeat_s", CYAML_FLAG_OPTIONAL, struct config, numbers.heartbeat_s),
    OPTIONAL_WORD("mode", struct config, mode, mode_words),
    CYAML_FIELD_SEQUENCE("modes", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct config, modes, &mode_schema, 0, 255),
    OPTIONAL_PATH("strategy", struct config, strategy),
    OPTIONAL_WORD("notice", struct config, notice, notice_words),
    OPTIONAL_WORD("trigger", struct config, trigger, trigger_words),
    CYAML_FIELD_INT("trigger_after_s", CYAML_FLAG_OPTIONAL, struct config, numbers.trigger_after_s),
    CYAML_FIELD_INT("poll_s", CYAML_FLAG_OPTIONAL, struct config, numbers.poll_s),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t config_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct config, config_fields),
};

static int below(const char *folder, char **path)
{
	char *joined;

	if (!*path || (*path)[0] == '/')
		return 0;
	if (asprintf(&joined, "%s/%s", folder, *path) < 0)
		return -ENOMEM;
	free(*path);
	*path = joined;
	return 0;
}

static int resolve_paths(struct config *self, const char *file)
{
	char *copy = strdup(file);
	char **paths[] = {&self->port_file, &self->tls.certificate, &self->tls.key,      &self->tls.client_ca,
			  &self->database,  &self->blob_dir,        &self->director_key, &self->time_key,
			  &self->control,   &self->strategy};
	int error = copy ? 0 : -ENOMEM;
	const char *folder = copy ? dirname(copy) : "";

	for (size_t i = 0; !error && i < sizeof paths / sizeof paths[0]; i++)
		error = below(folder, paths[i]);
	for (unsigned i = 0; !error && i < self->author_keys_count; i++)
		error = below(folder, &self->author_keys[i]);
	free(copy);
	return error;
}

/* "host:port" or "[address]:port" */
static int split_listen(struct config *self, const struct yaml_doc *doc, struct yaml_error *error)
{
	const char *colon = strrchr(self->listen, ':');
	const char *host = self->listen;
	char *end;

	if (!colon || colon == host)
		return yaml_error_at(doc, error, "listen", "must be host:port, is \"%s\"", self->listen);
	size_t n = (size_t)(colon - host);
	if (host[0] == '[' && host[n - 1] == ']') {
		host++;
		n -= 2;
	}
	unsigned long port = strtoul(colon + 1, &end, 10);
	if (colon[1] < '0' || colon[1] > '9' || *end || port > 65535)
		return yaml_error_at(doc, error, "listen", "port must be 0..65535, is \"%s\"", colon + 1);
	memcpy(self->host, host, n);
	self->host[n] = '\0';
	self->port = (uint16_t)port;
	return 0;
}

static int check(struct config *self, const struct yaml_doc *doc, struct yaml_error *error)
{
	const struct config_numbers *in = &self->numbers;
	uint32_t threshold, heartbeat_s;

	if (yaml_number(doc, error, "heartbeat_s", in->heartbeat_s, 10, 1, 3600, &heartbeat_s) ||
	    yaml_number(doc, error, "author_threshold", in->author_threshold, 1, 1, self->author_keys_count,
			&threshold) ||
	    yaml_number(doc, error, "trigger_after_s", in->trigger_after_s, 3600, 0, 31536000,
			&self->trigger_after_s) ||
	    yaml_number(doc, error, "poll_s", in->poll_s, 0, 0, 604800, &self->poll_s))
		return 1;
	self->heartbeat_s = (uint16_t)heartbeat_s;
	self->author_threshold = (uint8_t)threshold;
	if (self->mode == GU__UPDATE_MODE__UPDATE_MODE_UNSPECIFIED)
		self->mode = GU__UPDATE_MODE__UPDATE_MODE_NEGOTIATED;
	return split_listen(self, doc, error);
}

int config_load(const char *path, struct config **config, struct yaml_error *error)
{
	struct yaml_doc *doc = NULL;
	void *data = NULL;
	int status = yaml_load_file(path, &config_schema, &data, &doc, error);

	if (status)
		return status;
	struct config *self = data;
	status = check(self, doc, error);
	if (!status) {
		status = resolve_paths(self, path);
		if (status)
			snprintf(error->text, sizeof error->text, "%s: out of memory", path);
	}
	if (!status && self->strategy && access(self->strategy, R_OK))
		status =
		    yaml_error_at(doc, error, "strategy", "%s: cannot be read: %s", self->strategy, strerror(errno));
	yaml_doc_free(doc);
	if (status) {
		config_free(self);
		return status;
	}
	*config = self;
	return 0;
}

void config_free(struct config *config)
{
	if (config)
		yaml_free(&config_schema, config);
}
