/*
 * options - the command line of ecu-flash: its verbs, its options, and its exit codes.
 *
 * One table of all options; a verb lists those that it takes, and says the rest of its help by itself.
 */
#ifndef ECU_FLASH_CLI_OPTIONS_H
#define ECU_FLASH_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum exit_code {
	EXIT_DONE = 0,
	EXIT_FLASH_FAILED = 1, /* or whatever the verb was to do; of 'image compare': the images differ */
	EXIT_USAGE = 2,
	EXIT_BAD_INPUT = 3,
	EXIT_NO_BUS = 4,
	EXIT_NO_ANSWER = 5,
	EXIT_STOPPED = 130,
};

enum option_id {
	OPTION_BUS,
	OPTION_PROFILE,
	OPTION_REQUEST,
	OPTION_RESPONSE,
	OPTION_FUNCTIONAL,
	OPTION_IDS,
	OPTION_WIDE_IDS,
	OPTION_NORMAL_FIXED,
	OPTION_FD,
	OPTION_KEYS,
	OPTION_SEED_KEY_DIR,
	OPTION_SIGNATURE,
	OPTION_TESTER_SERIAL,
	OPTION_SHOP_CODE,
	OPTION_EXPECT_VERSION,
	OPTION_RECOVER,
	OPTION_BASE,
	OPTION_RAW,
	OPTION_TO,
	OPTION_OUT,
	OPTION_FILL,
	OPTION_BYTES_PER_LINE,
	OPTION_SREC_TYPE,
	OPTION_HEADER,
	OPTION_ENTRY,
	OPTION_LINEAR,
	OPTION_LINE_END,
	OPTION_ADDRESS,
	OPTION_LENGTH,
	OPTION_SESSION,
	OPTION_READ,
	OPTION_CHECK,
	OPTION_BITRATE,
	OPTION_DATA_BITRATE,
	OPTION_BRING_UP,
	OPTION_JSON,
	OPTION_TRACE,
	OPTION_CANDUMP,
	OPTION_HELP,
	OPTION_VERSION,
	N_OPTIONS,
};
#define TAKES(option) (UINT64_C(1) << (option))

struct options;

struct verb {
	const char *name;    /* one word or two: "flash", "image show" */
	const char *summary; /* a line in the list of verbs */
	const char *usage;   /* what follows the name */
	const char *about;   /* paragraphs above the options */
	uint64_t takes;      /* TAKES(…); --help and --version are everybody's */
	uint64_t needs;      /* of these */
	int min_files, max_files;
	int (*run)(const struct options *options); /* Return: the exit code */
};

extern const struct verb verb_flash, verb_info, verb_verify, verb_uds, verb_scan, verb_read, verb_image_show,
    verb_image_convert, verb_image_compare, verb_profile_check;

struct options {
	const struct verb *verb;
	uint64_t given;  /* TAKES(…) */
	const char *bus; /* "can0" or "unix:PATH" */
	const char *profile;
	uint32_t request, response, functional; /* identifiers */
	uint32_t first_id, last_id;
	bool wide_ids; /* 29 bits, however small they are */
	bool normal_fixed;
	bool fd;
	const char *keys;
	const char *seed_key_dir; /* shared objects for seed and key */
	const char *tester_serial, *shop_code;
	const char *signatures[8]; /* files, one for each image */
	int n_signatures;
	const char *expect_version;
	uint64_t base; /* of raw images */
	const char *to;
	const char *out;
	uint8_t fill;
	uint8_t bytes_per_line; /* 0 = not given */
	uint8_t srec_type;      /* 1..3; 0 = not given */
	const char *header;
	uint64_t entry;
	bool linear;
	bool lf;                  /* where --line-end is given */
	uint64_t address, length; /* of memory */
	uint8_t session;          /* 10 xx; 0 = none is entered */
	uint32_t bitrate;         /* for estimates, and where given of the interface */
	uint32_t data_bitrate;
	bool bring_up; /* an interface that is down, at bitrate */
	bool json;
	bool trace;
	const char *candump; /* "-" is standard output, and candump_fd its descriptor then, else -1 */
	int candump_fd;
	bool candump_append; /* the verb was on the bus before */
	int *log_error;      /* main's; filled in by the verb: -errno, the log could not be written whole */
	bool recover;        /* the ECU may sit in its boot loader */
	char **files;        /* what is neither verb nor option */
	int n_files;
};

static inline bool option_given(const struct options *options, enum option_id option)
{
	return options->given & TAKES(option);
}

/* a log that was asked for and is not whole is no success, and hides no failure. Return: the exit code after that of
 * the verb */
static inline int options_exit_code(const struct options *options, int code)
{
	return code == EXIT_DONE && *options->log_error ? EXIT_FLASH_FAILED : code;
}

/**
 * options_parse() - fills @options from the command line
 * Return: -1 to go on with @options->verb, else the exit code: help and version are printed on stdout, errors on
 * stderr.
 */
int options_parse(struct options *options, int argc, char **argv);

/* "ecu-flash: " and the words on stderr, then where to find help. Return: EXIT_USAGE */
int options_wrong(const struct verb *verb, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
