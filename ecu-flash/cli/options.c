#include "ecu-flash/cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ecu-flash/flash_run.h"

static const char help_text[] =
    "usage: ecu-flash flash  --bus BUS --profile FILE [--keys FILE] [OPTION]... IMAGE...\n"
    "       ecu-flash info   --bus BUS --profile FILE [OPTION]...\n"
    "       ecu-flash verify --bus BUS --profile FILE --expect-version TEXT [OPTION]...\n"
    "       ecu-flash image show [--base ADDR] [--json] FILE\n"
    "       ecu-flash profile check [--bitrate BPS] [--json] FILE [IMAGE]...\n"
    "Flashes one ECU over UDS on CAN from files, without a daemon and without a backend.\n"
    "\n"
    "  flash           write the images, check them, and read the version back\n"
    "  info            read the ECU's identity: hardware, serial number, versions\n"
    "  verify          read the version and compare it\n"
    "  image show      segments, start address and digests of a firmware file\n"
    "  profile check   validate an ECU profile and print its sequence in words\n"
    "\n"
    "  -b, --bus BUS              can0, vcan0, or unix:PATH of a simulated bus\n"
    "  -p, --profile FILE         profile of the ECU, in YAML\n"
    "  -k, --keys FILE            secrets of security access, in YAML\n"
    "  -e, --expect-version TEXT  what the ECU must say after the flash\n"
    "  -r, --recover              the ECU may sit in its boot loader since an earlier flash was cut off: tolerate\n"
    "                             silence and refusals before its programming session\n"
    "      --base ADDR            address of a raw image's first byte (0)\n"
    "      --bitrate BPS          nominal bit rate, for estimates (500000)\n"
    "      --data-bitrate BPS     of the data phase of CAN FD, for estimates (2000000)\n"
    "      --json                 one JSON object on stdout at the end; progress goes to stderr\n"
    "  -t, --trace                each UDS request and answer on stderr\n"
    "  -h, --help, --version\n"
    "\n"
    "IMAGE is Intel HEX, Motorola S-record or raw, told apart by its first bytes. Several images are the software "
    "units\n"
    "of one ECU, written in the order given.\n"
    "\n"
    "Ctrl-C stops at the next safe point. Once the ECU's memory is being erased there is none before its "
    "verification.\n"
    "\n"
    "Exit status: 0 done; 1 the flash or verification failed; 2 wrong usage; 3 a file is wrong (file and line are\n"
    "named); 4 the bus is not available; 5 the ECU does not answer; 130 stopped at a safe point.\n";

enum long_option { BASE = 256, BITRATE, DATA_BITRATE, JSON, VERSION };

static const struct option option_table[] = {
    {"bus", required_argument, NULL, 'b'},
    {"profile", required_argument, NULL, 'p'},
    {"keys", required_argument, NULL, 'k'},
    {"expect-version", required_argument, NULL, 'e'},
    {"base", required_argument, NULL, BASE},
    {"bitrate", required_argument, NULL, BITRATE},
    {"data-bitrate", required_argument, NULL, DATA_BITRATE},
    {"recover", no_argument, NULL, 'r'},
    {"json", no_argument, NULL, JSON},
    {"trace", no_argument, NULL, 't'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, VERSION},
    {NULL, 0, NULL, 0},
};

static int usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

static int usage(const char *format, ...)
{
	va_list args;

	fputs("ecu-flash: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs("\nTry 'ecu-flash --help'.\n", stderr);
	return EXIT_USAGE;
}

/* decimal or 0x…; a leading 0 alone is not octal but a mistake */
static bool number(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	char *end;
	unsigned long long parsed;

	if (text[0] < '0' || text[0] > '9' || (text[0] == '0' && text[1] >= '0' && text[1] <= '9'))
		return false;
	errno = 0;
	parsed = strtoull(text, &end, 0);
	if (errno || *end || parsed < min || parsed > max)
		return false;
	*value = parsed;
	return true;
}

static int take_option(struct options *o, int option, const char *value)
{
	uint64_t n = 0;

	switch (option) {
	case 'b':
		o->bus = value;
		break;
	case 'p':
		o->profile = value;
		break;
	case 'k':
		o->keys = value;
		break;
	case 'e':
		if (!value[0] || strlen(value) >= FLASH_VERSION_BYTES)
			return usage("--expect-version takes 1 to 64 characters: '%s'", value);
		o->expect_version = value;
		break;
	case BASE:
		if (!number(value, 0, UINT64_MAX, &o->base))
			return usage("--base is no address: '%s'", value);
		break;
	case BITRATE:
		if (!number(value, 10000, 1000000, &n))
			return usage("--bitrate must be 10000..1000000: '%s'", value);
		o->bitrate = (uint32_t)n;
		break;
	case DATA_BITRATE:
		if (!number(value, 10000, 16000000, &n))
			return usage("--data-bitrate must be 10000..16000000: '%s'", value);
		o->data_bitrate = (uint32_t)n;
		break;
	case JSON:
		o->json = true;
		break;
	case 't':
		o->trace = true;
		break;
	case 'r':
		o->recover = true;
		break;
	case 'h':
		fputs(help_text, stdout);
		return EXIT_DONE;
	case VERSION:
		puts("ecu-flash " GU_VERSION);
		return EXIT_DONE;
	default: /* getopt_long() has said what is wrong */
		fputs("Try 'ecu-flash --help'.\n", stderr);
		return EXIT_USAGE;
	}
	return -1;
}

/* takes the one or two words of the command off @o->files */
static int take_command(struct options *o)
{
	static const struct {
		const char *first, *second;
		enum command command;
	} commands[] = {
	    {"flash", NULL, COMMAND_FLASH},
	    {"info", NULL, COMMAND_INFO},
	    {"verify", NULL, COMMAND_VERIFY},
	    {"image", "show", COMMAND_IMAGE_SHOW},
	    {"profile", "check", COMMAND_PROFILE_CHECK},
	};

	if (!o->n_files)
		return usage("a command is missing: flash, info, verify, image show, profile check");
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		int words = commands[i].second ? 2 : 1;

		if (strcmp(o->files[0], commands[i].first) != 0)
			continue;
		if (words == 2 && (o->n_files < 2 || strcmp(o->files[1], commands[i].second) != 0))
			return usage("it is called 'image show' and 'profile check', not '%s' alone", o->files[0]);
		o->command = commands[i].command;
		o->files += words;
		o->n_files -= words;
		return -1;
	}
	return usage("unknown command '%s'", o->files[0]);
}

static int check(const struct options *o)
{
	bool on_bus = o->command == COMMAND_FLASH || o->command == COMMAND_INFO || o->command == COMMAND_VERIFY;

	if (on_bus && !o->bus)
		return usage("--bus is missing: can0, or unix:PATH of a simulated bus");
	if (on_bus && !o->profile)
		return usage("--profile is missing: the YAML file that describes the ECU");
	switch (o->command) {
	case COMMAND_FLASH:
		if (!o->n_files)
			return usage("flash needs an image");
		if (o->n_files > (int)FLASH_MAX_UNITS)
			return usage("flash takes at most 8 images");
		break;
	case COMMAND_INFO:
		if (o->n_files)
			return usage("info takes no file: '%s'", o->files[0]);
		break;
	case COMMAND_VERIFY:
		if (!o->expect_version)
			return usage("verify needs --expect-version");
		if (o->n_files)
			return usage("verify takes no file: '%s'", o->files[0]);
		break;
	case COMMAND_IMAGE_SHOW:
		if (o->n_files != 1)
			return usage("image show takes one file");
		break;
	case COMMAND_PROFILE_CHECK:
		if (!o->n_files)
			return usage("profile check needs a file");
		if (o->n_files > 1 + (int)FLASH_MAX_UNITS)
			return usage("profile check takes at most 8 images");
		break;
	}
	return -1;
}

int options_parse(struct options *options, int argc, char **argv)
{
	struct options o = {.bitrate = 500000, .data_bitrate = 2000000};
	int option;
	int r = -1;

	while (r < 0 && (option = getopt_long(argc, argv, "b:p:k:e:rth", option_table, NULL)) != -1)
		r = take_option(&o, option, optarg);
	if (r >= 0)
		return r;
	o.files = argv + optind;
	o.n_files = argc - optind;
	r = take_command(&o);
	if (r < 0)
		r = check(&o);
	*options = o;
	return r;
}
