/*
 * spec - what a campaign shall be, from a YAML file and from the command line's flags.
 *
 *   id: demo-1
 *   vehicle: VIN1
 *   manifest: release.manifest     # a file, or the SHA-256 of one that the backend has
 *   window: {start: +0s, end: +2h} # ISO 8601, or from now
 *   recurring:                     # see spec_windows.h
 *     - {days: [daily], start: "22:00", duration_s: 21600, time_zone: Europe/Berlin}
 *   deadline: +30d
 *   retry_pause_s: 600
 *   urgency: normal                # low, normal, high, critical
 *   mode: negotiated               # client_initiated, server_initiated, negotiated
 *   consent_required: false
 *   supersedes: [demo-0]
 *   conditions: [{kind: battery_min_mv, value: 12000}]
 *   targets:
 *     - {ecu: ecm, hardware_id: HW1, serial_number: S1, component: ecm-app, rollback: old.hex}  # rollback: none
 *
 * Paths in a file are relative to its folder.
 */
#ifndef SIM_OEM_BACKEND_CTL_SPEC_H
#define SIM_OEM_BACKEND_CTL_SPEC_H

#include <stdbool.h>

#include "common/yaml_load.h"

#define SPEC_MAX_TARGETS 32u

struct spec_target {
	char *ecu;
	char *hardware_id; /* NULL: what the vehicle registered */
	char *serial;
	char *component;
	char *rollback; /* NULL or "none", else a file */
};

struct spec_condition {
	char *kind;
	uint32_t value;
};

struct spec_window {
	char *start;
	char *end;
};

struct spec_recurrence {
	int days; /* bits, of Recurrence.days */
	char *start;
	uint32_t duration_s;
	char *time_zone;
};

struct spec {
	char *id;
	char *vehicle;
	char *manifest;
	struct spec_window window;
	struct spec_recurrence *recurring;
	unsigned recurring_count;
	char *deadline;
	uint32_t retry_pause_s;
	char *urgency;
	char *mode;
	bool consent_required;
	bool consent_given; /* not of the file: the strategy decides unless it says so */
	char **supersedes;
	unsigned supersedes_count;
	struct spec_condition *conditions;
	unsigned conditions_count;
	struct spec_target *targets;
	unsigned targets_count;
};

/* Return: 0; 1 or -errno with @error filled */
int spec_load(const char *path, struct spec **spec, struct yaml_error *error);
struct spec *spec_new(void); /* empty; never NULL */
void spec_free(struct spec *spec);

/* replaces *field; never fails */
void spec_set(char **field, const char *value);
/* "ecu=ecm,hardware_id=HW1,serial_number=S1,component=app,rollback=none"; Return: NULL, or what is wrong */
const char *spec_add_target(struct spec *spec, const char *text);
/* "kind" or "kind=value"; Return: NULL, or what is wrong */
const char *spec_add_condition(struct spec *spec, const char *text);
void spec_add_supersedes(struct spec *spec, const char *id);

/* Return: NULL, or the name of the first thing that is missing */
const char *spec_missing(const struct spec *spec);

#endif
