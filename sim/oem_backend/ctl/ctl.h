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
	const char *vehicles; /* of a roll-out: a file, or "all" */
	const char *waves;
	const char *error_threshold; /* percent, NULL: not given */
	const char *min_done;        /* percent */
	const char *soak;            /* seconds */
	double timeout_s;
	bool timeout_given;
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
/* adds what the spec says of a campaign; a roll-out's has no vehicle, and a window that may count from each campaign's
 * own beginning */
enum ctl_exit ctl_campaign_request(struct ctl *self, struct json *request, bool rollout);
/* the SHA-256 of a manifest's file, which the backend is given, or of one that it has */
enum ctl_exit ctl_manifest_digest(struct ctl *self, const char *manifest, char sha256[65]);

/* ctl_strategy.c */
enum ctl_exit ctl_strategy_show(struct ctl *self);
enum ctl_exit ctl_strategy_test(struct ctl *self, const char *manifest);

/* ctl_rollout.c */
enum ctl_exit ctl_rollout_create(struct ctl *self);
enum ctl_exit ctl_rollout_list(struct ctl *self);
enum ctl_exit ctl_rollout_show(struct ctl *self, const char *id);
enum ctl_exit ctl_rollout_set(struct ctl *self, const char *verb, const char *id);

/* ctl_watch.c */
enum ctl_exit ctl_campaign_watch(struct ctl *self, const char *id);
enum ctl_exit ctl_rollout_watch(struct ctl *self, const char *id);

/* ctl_show.c */
/* a request with one text, and --all; @key may be NULL */
enum ctl_exit ctl_ask_for(struct ctl *self, const char *command, const char *key, const char *value, char **answer);
enum ctl_exit ctl_campaign_list(struct ctl *self);
enum ctl_exit ctl_campaign_show(struct ctl *self, const char *id);
enum ctl_exit ctl_vehicle_list(struct ctl *self);
enum ctl_exit ctl_vehicle_show(struct ctl *self, const char *id);
enum ctl_exit ctl_reports(struct ctl *self);
enum ctl_exit ctl_wait(struct ctl *self);

#endif
