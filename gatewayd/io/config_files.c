/*
 * config_files - the files that the configuration names: where those of the service manager lie, can they be read, and
 * which key named them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gatewayd/io/config.h"
#include "proto/check.h"

void config_where(const struct config *config, unsigned line, const char *key, char *out, size_t n)
{
	out[0] = '\0';
	if (config->path[0] && line)
		snprintf(out, n, "%s:%u: %s: ", config->path, line, key);
}

int config_readable(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int r = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		r = -errno;
	else if (S_ISDIR(st.st_mode))
		r = -EISDIR;
	close(fd);
	return r;
}

int config_credential(const char *name, char *path, char *why)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	int n;

	if (!text_is_id(name)) {
		snprintf(why, CONFIG_PATH_BYTES,
			 "'%.64s' must be a credential's name: 1..64 of [A-Za-z0-9._-], not beginning with '.'", name);
		return 1;
	}
	if (!folder || !folder[0]) {
		snprintf(
		    why, CONFIG_PATH_BYTES,
		    "systemd hands over %s, and CREDENTIALS_DIRECTORY is not set: start gatewayd as its service, or "
		    "set that to the folder where it lies, as CREDENTIALS_DIRECTORY=/etc/credstore",
		    name);
		return 1;
	}
	n = snprintf(path, CONFIG_PATH_BYTES, "%s/%s", folder, name);
	if (n < 0 || (size_t)n >= CONFIG_PATH_BYTES) {
		snprintf(why, CONFIG_PATH_BYTES, "CREDENTIALS_DIRECTORY is longer than %u bytes",
			 CONFIG_PATH_BYTES - 1);
		return 1;
	}
	if (access(path, F_OK) < 0) {
		snprintf(
		    why, CONFIG_PATH_BYTES,
		    "there is no credential %s (%.200s): put it into /etc/credstore; LoadCredential=%s of the unit "
		    "takes it from there at the next start",
		    name, strerror(errno), name);
		return 1;
	}
	return 0;
}

const char *config_state_dir(void)
{
	const char *given = getenv("STATE_DIRECTORY");

	return given && given[0] == '/' ? given : "/var/lib/gatewayd";
}

static int check(const struct config *config, unsigned line, const char *key, const char *path,
		 struct yaml_error *error)
{
	char where[CONFIG_WHERE_BYTES];
	int r = config_readable(path);

	if (r == 0)
		return 0;
	config_where(config, line, key, where, sizeof(where));
	snprintf(error->text, sizeof(error->text), "%.240s%.200s: %.60s", where, path, strerror(-r));
	return 1;
}

static int check_keys(const struct config *config, const char *role, const struct config_key_list *list,
		      struct yaml_error *error)
{
	char key[64];

	for (size_t i = 0; i < list->n; i++) {
		snprintf(key, sizeof(key), "trust.%s.keys[%zu]", role, i);
		if (check(config, list->lines[i], key, list->files[i], error))
			return 1;
	}
	return 0;
}

int config_check_files(const struct config *config, struct yaml_error *error)
{
	if (config->ecu_keys[0] && check(config, config->ecu_keys_line, "ecu_keys", config->ecu_keys, error))
		return 1;
	if (check(config, config->backend_ca_line, "backend.ca", config->backend_ca, error) ||
	    (config->backend_crl[0] &&
	     check(config, config->backend_crl_line, "backend.crl", config->backend_crl, error)) ||
	    check(config, config->backend_certificate_line, "backend.certificate", config->backend_certificate,
		  error) ||
	    check(config, config->backend_key_line, "backend.key", config->backend_key, error))
		return 1;
	return check_keys(config, "author", &config->author_keys, error) ||
	       check_keys(config, "director", &config->director_keys, error) ||
	       check_keys(config, "time", &config->time_keys, error);
}
