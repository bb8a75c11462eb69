#include "gatewayd/io/reload.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "gatewayd/io/log.h"

/* --- reading */

struct reload *reload_read(const struct config *own)
{
	struct reload *self = calloc(1, sizeof(*self));
	struct yaml_error error = {""};
	int r;

	if (!self) {
		log_write(LOG_ERR, NULL, "the configuration is not read again: out of memory");
		return NULL;
	}
	r = config_load(own->path, &self->config, &error);
	if (r == 0)
		r = config_check_files(&self->config, &error);
	if (r == 0 && self->config.ecu_keys[0])
		r = key_ring_load(self->config.ecu_keys, &self->keys, &error);
	if (r == 0)
		return self;
	log_write(LOG_ERR, NULL, "%s; the configuration in use stays as it is", error.text);
	reload_free(self);
	return NULL;
}

void reload_free(struct reload *self)
{
	if (!self)
		return;
	key_ring_free(self->keys);
	free(self);
}

/* --- what is another one */

__attribute__((format(printf, 2, 3))) static void list(char *text, const char *format, ...)
{
	size_t n = strlen(text);
	va_list args;

	if (n && n < RELOAD_TEXT_BYTES)
		n += (size_t)snprintf(text + n, RELOAD_TEXT_BYTES - n, ", ");
	if (n >= RELOAD_TEXT_BYTES)
		return;
	va_start(args, format);
	vsnprintf(text + n, RELOAD_TEXT_BYTES - n, format, args);
	va_end(args);
}

/* A configuration is zero where nothing fills it, its texts' rest and its padding too. Were some byte of no meaning
 * another one all the same, then something would be taken over that is equal. */
static bool same_bytes(const void *a, const void *b, size_t n)
{
	return memcmp(a, b, n) == 0;
}

#define DIFFERS(member) (!same_bytes(&own->member, &fresh->member, sizeof(own->member)))
#define TAKE(name, member)                                                 \
	do {                                                               \
		if (DIFFERS(member))                                       \
			list(self->changed, name);                         \
		memcpy(&own->member, &fresh->member, sizeof(own->member)); \
	} while (0)
#define WAITS(name, member)                        \
	do {                                       \
		if (DIFFERS(member))               \
			list(self->restart, name); \
	} while (0)

static void compare_keys(struct reload *self, const char *role, const struct config_key_list *own,
			 const struct config_key_list *fresh)
{
	if (own->n != fresh->n || own->threshold != fresh->threshold || DIFFERS(files))
		list(self->restart, "trust.%s", role);
}

static void compare_backend(struct reload *self, const struct config *own)
{
	const struct config *fresh = &self->config;

	WAITS("backend.host", backend_host);
	WAITS("backend.port", backend_port);
	WAITS("backend.ca", backend_ca);
	WAITS("backend.crl", backend_crl);
	WAITS("backend.certificate", backend_certificate);
	WAITS("backend.key", backend_key);
	WAITS("backend.backoff_min_ms", core.session.backoff_min_ms);
	WAITS("backend.backoff_max_ms", core.session.backoff_max_ms);
	WAITS("backend.answer_max_ms", core.session.answer_max_ms);
	compare_keys(self, "author", &own->author_keys, &fresh->author_keys);
	compare_keys(self, "director", &own->director_keys, &fresh->director_keys);
	compare_keys(self, "time", &own->time_keys, &fresh->time_keys);
}

/* Return: whether the buses are of the same kind as before, as far as a profile has to do with it */
static bool compare_buses(struct reload *self, struct config *own_config)
{
	bool same = own_config->n_buses == self->config.n_buses;

	if (!same)
		list(self->restart, "buses");
	for (uint8_t i = 0; same && i < own_config->n_buses; i++) {
		struct config_bus *own = &own_config->buses[i];
		const struct config_bus *fresh = &self->config.buses[i];

		if (DIFFERS(max_parallel))
			list(self->changed, "buses[%u].max_parallel", i);
		own->max_parallel = fresh->max_parallel;
		if (DIFFERS(name) || DIFFERS(port) || own->fd != fresh->fd || DIFFERS(bitrate) ||
		    DIFFERS(data_bitrate) || DIFFERS(link))
			list(self->restart, "buses[%u]", i);
	}
	for (uint8_t i = 0; same && i < own_config->n_buses; i++)
		same = strcmp(own_config->buses[i].name, self->config.buses[i].name) == 0 &&
		       own_config->buses[i].fd == self->config.buses[i].fd;
	return same;
}

static bool same_ecus(const struct config *own, const struct config *fresh)
{
	if (own->core.n_ecus != fresh->core.n_ecus)
		return false;
	for (uint8_t i = 0; i < own->core.n_ecus; i++)
		if (strcmp(own->core.ecus[i].name, fresh->core.ecus[i].name) != 0 ||
		    own->ecus[i].bus != fresh->ecus[i].bus)
			return false;
	return true;
}

static void compare_ecus(struct reload *self, struct config *own, bool same_buses)
{
	const struct config *fresh = &self->config;

	if (!same_ecus(own, fresh)) {
		list(self->restart, "ecus");
		return;
	}
	for (uint8_t i = 0; i < own->core.n_ecus; i++) {
		if (!DIFFERS(ecus[i].profile))
			continue;
		list(same_buses ? self->changed : self->restart, "ecus[%u].profile (%s)", i, own->core.ecus[i].name);
		if (!same_buses)
			continue;
		own->ecus[i].profile = fresh->ecus[i].profile;
		self->profiles = true;
	}
}

static bool same_signal(const struct config_signal *a, const struct config_signal *b)
{
	return a->configured == b->configured && a->bus == b->bus && a->id == b->id &&
	       a->extended_id == b->extended_id && a->codec.start_bit == b->codec.start_bit &&
	       a->codec.length == b->codec.length && a->codec.order == b->codec.order &&
	       a->codec.is_signed == b->codec.is_signed && a->codec.factor == b->codec.factor &&
	       a->codec.offset == b->codec.offset &&
	       memcmp(a->ignition_values, b->ignition_values, sizeof(a->ignition_values)) == 0;
}

static void compare_signals(struct reload *self, const struct config *own)
{
	const struct config *fresh = &self->config;

	for (size_t i = 0; i < VEHICLE_SIGNALS; i++)
		if (!same_signal(&own->signals[i], &fresh->signals[i]) || DIFFERS(core.vehicle.max_age_ms[i]) ||
		    DIFFERS(core.vehicle.silent_with[i]))
			list(self->restart, "signals.%s", vehicle_signal_name((enum vehicle_signal)i));
}

static void compare_power(struct reload *self, struct config *own)
{
	const struct config *fresh = &self->config;
	const struct power_config *a = &own->core.power, *b = &fresh->core.power;

	WAITS("power.awake", frames[POWER_AWAKE]);
	if (DIFFERS(frames[POWER_KL15]) || DIFFERS(core.power.holds[POWER_KL15].confirm_ms) ||
	    a->has_grantor != b->has_grantor || a->grantor != b->grantor)
		list(self->restart, "power.kl15_hold");
	if (DIFFERS(frames[POWER_DRIVE_INHIBIT]) || DIFFERS(core.power.holds[POWER_DRIVE_INHIBIT].confirm_ms))
		list(self->restart, "power.drive_inhibit");
	TAKE("power.max_awake_s", core.power.max_awake_s);
	TAKE("power.min_battery_mv", core.power.min_battery_mv);
	TAKE("power.max_drop_mv", core.power.max_drop_mv);
	TAKE("power.min_charge_percent", core.power.min_charge_percent);
	TAKE("power.percent_per_hour", core.power.percent_per_hour);
}

void reload_apply(struct reload *self, struct config *own)
{
	const struct config *fresh = &self->config;

	WAITS("vehicle_id", core.vehicle_id);
	WAITS("state_dir", state_dir);
	WAITS("dbus", dbus_address);
	WAITS("time_zone", time_zone);
	WAITS("zoneinfo_dir", zoneinfo_dir);
	compare_backend(self, own);
	compare_ecus(self, own, compare_buses(self, own));
	compare_signals(self, own);
	compare_power(self, own);
	TAKE("min_free_mib", min_free_bytes);
	TAKE("ecu_keys", ecu_keys);
	own->ecu_keys_line = fresh->ecu_keys_line;
	TAKE("seed_key_dir", seed_key_dir);
	TAKE("tester_serial", tester_serial);
	TAKE("shop_code", shop_code);
	TAKE("policy.postpone_s", core.postpone_s);
	TAKE("policy.postpone_max_s", core.postpone_max_s);
	TAKE("policy.service_notice_s", core.service_notice_s);
	TAKE("policy.max_attempts", core.max_attempts);
	TAKE("policy.retry_pause_s", core.retry_pause_s);
	TAKE("policy.poll_s", core.poll_s);
	TAKE("policy.wake_to_check", core.wake_to_check);
	log_write(LOG_NOTICE, NULL, "%s is read again: %s%s", own->path,
		  self->changed[0] ? "changed: " : "nothing changed that counts at once", self->changed);
	if (self->restart[0])
		log_write(LOG_WARNING, NULL, "%s: changed, but in force only after a restart: %s", own->path,
			  self->restart);
}
