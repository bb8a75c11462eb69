#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "gatewayd/io/daemon.h"
#include "gatewayd/io/log.h"
#include "gatewayd/io/startup.h"

static const char usage[] = "Usage: gatewayd [--config FILE] [--check] [--log-level LEVEL]\n"
			    "\n"
			    "Keeps the ECUs behind this gateway up to date, as the OEM's backend asks.\n"
			    "\n"
			    "  -c, --config FILE      configuration (default /etc/gatewayd/gatewayd.yaml)\n"
			    "      --check            check the configuration, its profiles and keys, then exit\n"
			    "  -l, --log-level LEVEL  error, warning, notice, info (default) or debug\n"
			    "      --version\n"
			    "  -h, --help\n"
			    "\n"
			    "Exit status: 0 after a clean stop, 1 if it could not start, 2 wrong usage,\n"
			    "3 if the configuration is wrong (the message names file, line and key).\n";

static int level_of(const char *text)
{
	static const struct {
		const char *name;
		int level;
	} levels[] = {
	    {"error", LOG_ERR}, {"warning", LOG_WARNING}, {"notice", LOG_NOTICE},
	    {"info", LOG_INFO}, {"debug", LOG_DEBUG},
	};

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (strcmp(text, levels[i].name) == 0)
			return levels[i].level;
	return -1;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
	    {"config", required_argument, NULL, 'c'},
	    {"check", no_argument, NULL, 'k'},
	    {"log-level", required_argument, NULL, 'l'},
	    {"version", no_argument, NULL, 'v'},
	    {"help", no_argument, NULL, 'h'},
	    {0},
	};
	const char *path = "/etc/gatewayd/gatewayd.yaml";
	int level = LOG_INFO, option, status;
	struct yaml_error error = {""};
	struct config *config;
	bool check = false;

	daemon_hold_reload();
	while ((option = getopt_long(argc, argv, "c:l:h", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			path = optarg;
			break;
		case 'k':
			check = true;
			break;
		case 'l':
			level = level_of(optarg);
			if (level < 0) {
				fprintf(stderr,
					"gatewayd: --log-level %s: must be error, warning, notice, info or debug\n",
					optarg);
				return 2;
			}
			break;
		case 'v':
			puts("gatewayd " GU_VERSION);
			return 0;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs("Try 'gatewayd --help'.\n", stderr);
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "gatewayd: unexpected argument '%s'\nTry 'gatewayd --help'.\n", argv[optind]);
		return 2;
	}
	log_init(level);
	config = calloc(1, sizeof(*config));
	if (!config)
		return 1;
	if (config_load(path, config, &error) || config_check_files(config, &error)) {
		log_write(LOG_ERR, NULL, "%s", error.text);
		free(config);
		return 3;
	}
	startup_warn(config);
	status = check ? startup_check(config) : daemon_run(config);
	if (check && status == 0)
		printf("%s: valid: vehicle %s, %u ECUs on %u buses\n", path, config->core.vehicle_id,
		       config->core.n_ecus, config->n_buses);
	free(config);
	return status;
}
