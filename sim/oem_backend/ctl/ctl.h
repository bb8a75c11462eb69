/* ctl - what the commands of oemctl share. */
#ifndef SIM_OEM_BACKEND_CTL_CTL_H
#define SIM_OEM_BACKEND_CTL_CTL_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/json.h"
#include "sim/oem_backend/ctl/spec.h"

enum ctl_exit {
	CTL_OK = 0,
	CTL_REFUSED = 1,     /* the backend refused, or what was waited for did not come */
	CTL_USAGE = 2,       /* the command line or a campaign's file is wrong */
	CTL_UNREACHABLE = 3, /* no backend at the control socket */
};

struct ctl {
	const char *control;
	bool json;
	sqlite3 *db; /* in memory, to read JSON */
	struct spec *spec;
	bool unchecked;
	bool all;
	const char *campaign;
	const char *vehicle;
	const char *state;
	double timeout_s;
	/* a command may have nothing to say when it asks several times */
	bool quiet;
};

/* begins {"command":NAME; the caller adds keys and ends the object */
void ctl_request(struct json *request, const char *command);
void ctl_add_text(struct json *request, const char *key, const char *value);

/**
 * ctl_ask() - send the request; say what was refused or why nobody answers
 * @answer: allocated; NULL unless CTL_OK
 */
enum ctl_exit ctl_ask(struct ctl *self, struct json *request, char **answer);

/* ctl_campaign.c */
enum ctl_exit ctl_image_add(struct ctl *self, char **files, int n);
enum ctl_exit ctl_manifest_add(struct ctl *self, const char *file);
enum ctl_exit ctl_campaign_add(struct ctl *self);

/* ctl_show.c */
enum ctl_exit ctl_campaign_list(struct ctl *self);
enum ctl_exit ctl_campaign_show(struct ctl *self, const char *id);
enum ctl_exit ctl_vehicle_list(struct ctl *self);
enum ctl_exit ctl_vehicle_show(struct ctl *self, const char *id);
enum ctl_exit ctl_reports(struct ctl *self);
enum ctl_exit ctl_wait(struct ctl *self);

#endif
