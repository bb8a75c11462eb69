#include "gatewayd/io/startup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <syslog.h>

#include "common/tls_conn.h"
#include "ecu-flash/load/profile_load.h"
#include "gatewayd/io/log.h"
#include "gatewayd/io/trust.h"

/* two daemons on one state would flash the same ECUs at once; the lock ends with the process, however it ends */
int startup_lock(const char *state_dir)
{
	char path[CONFIG_PATH_BYTES + 32];
	int fd;

	snprintf(path, sizeof(path), "%s/gatewayd.lock", state_dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 0; /* and stays open */
	if (fd >= 0 && errno == EWOULDBLOCK)
		log_write(LOG_ERR, NULL, "state_dir %s is in use by another gatewayd: stop that one first", state_dir);
	else
		log_write(LOG_ERR, NULL, "%s: %s", path, strerror(errno));
	return 1;
}

int startup_check(const struct config *config)
{
	const struct tls_config tls = {.certificate = config->backend_certificate,
				       .key = config->backend_key,
				       .ca = config->backend_ca,
				       .crl = config->backend_crl};
	char text[1024] = "", why[TLS_CONN_ERROR_BYTES] = "", where[CONFIG_WHERE_BYTES];
	struct tls_context *context = tls_context_new(&tls, why);
	struct yaml_error error = {""};
	struct key_ring *keys = NULL;
	struct trust *trust = NULL;
	int status = 0;

	config_where(config, config->backend_line, "backend", where, sizeof(where));
	if (!context)
		log_write(LOG_ERR, NULL, "%s%s", where, why);
	if (trust_load(config, &trust, text, sizeof(text)))
		log_write(LOG_ERR, NULL, "%s", text);
	if (config->ecu_keys[0] && key_ring_load(config->ecu_keys, &keys, &error))
		log_write(LOG_ERR, NULL, "%s", error.text);
	if (!context || !trust || error.text[0])
		status = 1;
	tls_context_free(context);
	trust_free(trust);
	key_ring_free(keys);
	return status;
}

void startup_warn(const struct config *config)
{
	bool ignition = config->signals[VEHICLE_IGNITION].configured;
	bool speed = config->signals[VEHICLE_SPEED_KMH].configured;
	const char *words;

	if (ignition && speed)
		return;
	if (speed)
		words =
		    "signals.ignition is not configured: ECUs are erased whenever the vehicle stands still, also with "
		    "its ignition on, as at a traffic light; configure it, except on a bench";
	else if (ignition)
		words = "signals.speed_kmh is not configured: ECUs are erased also while the vehicle rolls with its "
			"ignition off, and erased ones are flashed while it drives; configure it, except on a bench";
	else
		words =
		    "signals.ignition and signals.speed_kmh are not configured: ECUs are erased whatever the vehicle "
		    "does, also while it drives, unless campaign or author ask for conditions on other signals; "
		    "configure both, except on a bench";
	log_write(LOG_WARNING, NULL, "%s: %s", config->path, words);
}
