#include "ecu-flash/cli/options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ecu-flash/cli/values.h"
#include "ecu-flash/flash_run.h"

static const struct verb *const verbs[] = {
    &verb_flash, &verb_verify,     &verb_info,          &verb_uds,           &verb_scan,
    &verb_read,  &verb_image_show, &verb_image_convert, &verb_image_compare, &verb_profile_check,
};
#define N_VERBS (sizeof verbs / sizeof *verbs)

static const struct {
	const char *name;
	const char *argument; /* NULL: none */
	const char *help;
	char letter;
} table[N_OPTIONS] = {
    [OPTION_BUS] = {"bus", "BUS", "can0, vcan0, or unix:PATH of a simulated bus", 'b'},
    [OPTION_PROFILE] = {"profile", "FILE", "profile of the ECU, in YAML", 'p'},
    [OPTION_REQUEST] = {"request", "ID", "identifier of requests to the ECU, hexadecimal", 0},
    [OPTION_RESPONSE] = {"response", "ID", "identifier of its answers", 0},
    [OPTION_FUNCTIONAL] = {"functional", "ID", "identifier that all ECUs listen to (7DF; 18DB33F1)", 0},
    [OPTION_IDS] = {"ids", "FIRST-LAST", "request identifiers to try (700-7FF)", 0},
    [OPTION_WIDE_IDS] = {"29bit", NULL, "identifiers have 29 bits, however small they are", 0},
    [OPTION_NORMAL_FIXED] = {"normal-fixed", NULL, "29-bit identifiers of normal fixed addressing, 18DAxxF1", 0},
    [OPTION_FD] = {"fd", NULL, "CAN FD", 0},
    [OPTION_KEYS] = {"keys", "FILE", "secrets of security access, in YAML", 'k'},
    [OPTION_SEED_KEY_DIR] = {"seed-key-dir", "DIR",
			     "where shared objects for seed and key lie, for profiles with algorithm: library", 0},
    [OPTION_SIGNATURE] = {"signature", "FILE",
			  "what the ECU's check takes as the author's signature, once for each image", 0},
    [OPTION_TESTER_SERIAL] = {"tester-serial", "TEXT",
			      "of this tester, for fingerprints that name it; at most 32 characters", 0},
    [OPTION_SHOP_CODE] = {"shop-code", "TEXT", "of this shop, the same", 0},
    [OPTION_EXPECT_VERSION] = {"expect-version", "TEXT", "the version that the ECU must say", 'e'},
    [OPTION_RECOVER] = {"recover", NULL,
			"the ECU may sit in its boot loader since an earlier flash was cut off: tolerate\n"
			"silence and refusals before its programming session",
			'r'},
    [OPTION_BASE] = {"base", "ADDR", "address of a raw image's first byte (0)", 0},
    [OPTION_RAW] = {"raw", NULL,
		    "the images are raw bytes, whatever they look like; without it, Intel HEX and S-record\n"
		    "are told by their first record, and damaged ones refused",
		    0},
    [OPTION_TO] = {"to", "FORMAT",
		   "ihex, srec or raw; without it the name of the output says: .hex .ihex .ihx,\n"
		   ".srec .s19 .s28 .s37 .mot .s, .bin .raw",
		   0},
    [OPTION_OUT] = {"out", "FILE", "where to write; - for standard output", 'o'},
    [OPTION_FILL] = {"fill", "BYTE",
		     "what gaps of a raw image hold (0xFF, and gaps of more than 64 KiB in all are\n"
		     "refused)",
		     0},
    [OPTION_BYTES_PER_LINE] = {"bytes-per-line", "N", "data bytes of a record, 1..255, in the order of addresses", 0},
    [OPTION_SREC_TYPE] = {"srec-type", "N", "S-records of type 1, 2 or 3 (the least that holds all addresses)", 0},
    [OPTION_HEADER] = {"header", "TEXT", "text of the S0 record (that of the source; else there is none)", 0},
    [OPTION_ENTRY] = {"entry", "ADDR", "start address (that of the source, if it has one)", 0},
    [OPTION_LINEAR] = {"linear", NULL, "Intel HEX: address and start records of types 04 and 05 only", 0},
    [OPTION_LINE_END] = {"line-end", "crlf|lf", "line ends (those of the source; crlf of a raw source)", 0},
    [OPTION_ADDRESS] = {"address", "ADDR", "first byte that is read", 0},
    [OPTION_LENGTH] = {"length", "N", "how many bytes, up to 256 MiB", 0},
    [OPTION_SESSION] = {"session", "N", "diagnostic session that is entered (3, the extended one); 0 for none", 0},
    [OPTION_READ] = {"read", NULL, "compare the memory that the images fill, byte by byte", 0},
    [OPTION_CHECK] = {"check", NULL, "have the ECU check its memory against the digests of the images", 0},
    [OPTION_BITRATE] = {"bitrate", "BPS",
			"nominal bit rate, for estimates (500000); where it is given, an interface at another\n"
			"is refused",
			0},
    [OPTION_DATA_BITRATE] = {"data-bitrate", "BPS",
			     "of the data phase of CAN FD, for estimates (2000000); likewise checked", 0},
    [OPTION_BRING_UP] = {"bring-up", NULL, "an interface that is down is set to --bitrate and brought up", 0},
    [OPTION_JSON] = {"json", NULL, "one JSON object on standard output; words go to standard error", 0},
    [OPTION_TRACE] = {"trace", NULL, "each UDS request and answer on standard error, in words", 't'},
    [OPTION_CANDUMP] = {"candump", "FILE", "each frame as candump -l writes it; - for standard output", 0},
    [OPTION_HELP] = {"help", NULL, "this text", 'h'},
    [OPTION_VERSION] = {"version", NULL, "the version", 0},
};
#define EVERYBODYS (TAKES(OPTION_HELP) | TAKES(OPTION_VERSION))
#define LONG_BASE  256
/* of every verb that is on a bus */
#define OF_A_BUS (TAKES(OPTION_BITRATE) | TAKES(OPTION_DATA_BITRATE) | TAKES(OPTION_BRING_UP))

static uint64_t takes(const struct verb *verb)
{
	return verb->takes | EVERYBODYS | (verb->takes & TAKES(OPTION_BUS) ? OF_A_BUS : 0);
}

int options_wrong(const struct verb *verb, const char *format, ...)
{
	va_list args;

	fputs("ecu-flash: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\nTry 'ecu-flash%s%s --help'.\n", verb ? " " : "", verb ? verb->name : "");
	return EXIT_USAGE;
}

/* ---- help ---- */

static int general_help(void)
{
	puts("usage: ecu-flash VERB [OPTION]... [FILE]...\n"
	     "Talks UDS on CAN to ECUs on a bench, and flashes them from files: no daemon, no backend.\n");
	for (size_t i = 0; i < N_VERBS; i++)
		printf("  %-16s %s\n", verbs[i]->name, verbs[i]->summary);
	puts("\n'ecu-flash VERB --help' says what a verb takes, 'ecu-flash --version' the version.\n"
	     "\n"
	     "Exit status: 0 done; 1 it failed, or 'image compare' found a difference, or all went well but the log\n"
	     "(--candump) or standard output could not be written whole; 2 wrong usage; 3 a file is wrong (file and\n"
	     "line are named); 4 the bus is not available; 5 the ECU does not answer; 130 stopped by Ctrl-C at a safe\n"
	     "point.");
	return EXIT_DONE;
}

static void option_help(enum option_id option)
{
	const char *line = table[option].help;
	char name[40], letter[8] = "    ";

	snprintf(name, sizeof name, "--%s%s%s", table[option].name, table[option].argument ? " " : "",
		 table[option].argument ? table[option].argument : "");
	if (table[option].letter)
		snprintf(letter, sizeof letter, "-%c, ", table[option].letter);
	printf("  %s%-22s ", letter, name);
	for (const char *end; (end = strchr(line, '\n')); line = end + 1)
		printf("%.*s\n%29s", (int)(end - line), line, "");
	puts(line);
}

static int verb_help(const struct verb *verb)
{
	printf("usage: ecu-flash %s %s\n%s\n", verb->name, verb->usage, verb->about);
	for (unsigned i = 0; i < N_OPTIONS; i++)
		if (i != OPTION_VERSION && takes(verb) & TAKES(i))
			option_help((enum option_id)i);
	return EXIT_DONE;
}

/* ---- the values of options ---- */

static int take_number(uint64_t *value, enum option_id option, const char *text, uint64_t min, uint64_t max)
{
	if (value_number(text, min, max, value))
		return -1;
	if (max == UINT64_MAX)
		return options_wrong(NULL, "--%s takes a number, decimal or 0x...: '%s'", table[option].name, text);
	return options_wrong(NULL, "--%s must be %llu..%llu: '%s'", table[option].name, (unsigned long long)min,
			     (unsigned long long)max, text);
}

static int take_small(struct options *o, enum option_id option, const char *text)
{
	uint64_t n = 0;
	int r;

	switch ((unsigned)option) {
	case OPTION_FILL:
		r = take_number(&n, option, text, 0, 255);
		o->fill = (uint8_t)n;
		return r;
	case OPTION_BYTES_PER_LINE:
		r = take_number(&n, option, text, 1, 255);
		o->bytes_per_line = (uint8_t)n;
		return r;
	case OPTION_SREC_TYPE:
		r = take_number(&n, option, text, 1, 3);
		o->srec_type = (uint8_t)n;
		return r;
	case OPTION_SESSION:
		r = take_number(&n, option, text, 0, 0x7f);
		o->session = (uint8_t)n;
		return r;
	case OPTION_BITRATE:
		r = take_number(&n, option, text, 10000, 1000000);
		o->bitrate = (uint32_t)n;
		return r;
	default: /* OPTION_DATA_BITRATE */
		r = take_number(&n, option, text, 10000, 16000000);
		o->data_bitrate = (uint32_t)n;
		return r;
	}
}

static int take_text(struct options *o, enum option_id option, const char *text)
{
	switch ((unsigned)option) {
	case OPTION_EXPECT_VERSION:
		if (!text[0] || strlen(text) >= FLASH_VERSION_BYTES)
			return options_wrong(NULL, "--expect-version takes 1 to 64 characters: '%s'", text);
		o->expect_version = text;
		break;
	case OPTION_TO:
		if (strcmp(text, "ihex") != 0 && strcmp(text, "srec") != 0 && strcmp(text, "raw") != 0)
			return options_wrong(NULL, "--to takes ihex, srec or raw: '%s'", text);
		o->to = text;
		break;
	case OPTION_LINE_END:
		if (strcmp(text, "lf") != 0 && strcmp(text, "crlf") != 0)
			return options_wrong(NULL, "--line-end takes crlf or lf: '%s'", text);
		o->lf = strcmp(text, "lf") == 0;
		break;
	case OPTION_SIGNATURE:
		if (o->n_signatures == (int)FLASH_MAX_UNITS)
			return options_wrong(NULL, "--signature is given at most %u times, once for each image",
					     FLASH_MAX_UNITS);
		o->signatures[o->n_signatures++] = text;
		break;
	case OPTION_TESTER_SERIAL:
	case OPTION_SHOP_CODE:
		if (strlen(text) >= FLASH_ORIGIN_BYTES)
			return options_wrong(NULL, "--%s takes at most %u characters: '%s'", table[option].name,
					     FLASH_ORIGIN_BYTES - 1, text);
		*(option == OPTION_SHOP_CODE ? &o->shop_code : &o->tester_serial) = text;
		break;
	default: /* OPTION_HEADER */
		if (strlen(text) > 252)
			return options_wrong(NULL, "--header takes at most 252 characters");
		o->header = text;
		break;
	}
	return -1;
}

static int take_id(struct options *o, enum option_id option, const char *text)
{
	uint32_t *id = option == OPTION_REQUEST    ? &o->request
		       : option == OPTION_RESPONSE ? &o->response
						   : &o->functional;

	if (option == OPTION_IDS && !value_id_range(text, &o->first_id, &o->last_id))
		return options_wrong(NULL, "--ids takes FIRST-LAST, hexadecimal, up to 1FFFFFFF: '%s'", text);
	if (option != OPTION_IDS && !value_id(text, id))
		return options_wrong(NULL, "--%s takes an identifier, hexadecimal, up to 1FFFFFFF: '%s'",
				     table[option].name, text);
	return -1;
}

static int take_option(struct options *o, enum option_id option, const char *value)
{
	o->given |= TAKES(option);
	switch (option) {
	case OPTION_BUS:
		o->bus = value;
		break;
	case OPTION_PROFILE:
		o->profile = value;
		break;
	case OPTION_REQUEST:
	case OPTION_RESPONSE:
	case OPTION_FUNCTIONAL:
	case OPTION_IDS:
		return take_id(o, option, value);
	case OPTION_WIDE_IDS:
		o->wide_ids = true;
		break;
	case OPTION_NORMAL_FIXED:
		o->normal_fixed = true;
		break;
	case OPTION_FD:
		o->fd = true;
		break;
	case OPTION_KEYS:
		o->keys = value;
		break;
	case OPTION_OUT:
		o->out = value;
		break;
	case OPTION_CANDUMP:
		o->candump = value;
		break;
	case OPTION_BASE:
		return take_number(&o->base, option, value, 0, UINT64_MAX);
	case OPTION_ADDRESS:
		return take_number(&o->address, option, value, 0, UINT64_C(0xffffffffffff));
	case OPTION_LENGTH:
		return take_number(&o->length, option, value, 1, UINT64_C(1) << 28);
	case OPTION_ENTRY:
		return take_number(&o->entry, option, value, 0, UINT32_MAX);
	case OPTION_FILL:
	case OPTION_BYTES_PER_LINE:
	case OPTION_SREC_TYPE:
	case OPTION_SESSION:
	case OPTION_BITRATE:
	case OPTION_DATA_BITRATE:
		return take_small(o, option, value);
	case OPTION_SEED_KEY_DIR:
		o->seed_key_dir = value;
		break;
	case OPTION_EXPECT_VERSION:
	case OPTION_SIGNATURE:
	case OPTION_TESTER_SERIAL:
	case OPTION_SHOP_CODE:
	case OPTION_TO:
	case OPTION_LINE_END:
	case OPTION_HEADER:
		return take_text(o, option, value);
	case OPTION_LINEAR:
		o->linear = true;
		break;
	case OPTION_JSON:
		o->json = true;
		break;
	case OPTION_BRING_UP:
		o->bring_up = true;
		break;
	case OPTION_TRACE:
		o->trace = true;
		break;
	case OPTION_RECOVER:
		o->recover = true;
		break;
	case OPTION_RAW:
	case OPTION_READ:
	case OPTION_CHECK:
	case OPTION_HELP:
	case OPTION_VERSION:
	case N_OPTIONS:
		break;
	}
	return -1;
}

static int take_options(struct options *o, int argc, char **argv)
{
	struct option longs[N_OPTIONS + 1];
	char letters[2 * N_OPTIONS + 1], *letter = letters;
	int found;
	int r = -1;

	memset(longs, 0, sizeof longs);
	for (unsigned i = 0; i < N_OPTIONS; i++) {
		longs[i] = (struct option){table[i].name, table[i].argument ? required_argument : no_argument, NULL,
					   LONG_BASE + (int)i};
		if (!table[i].letter)
			continue;
		*letter++ = table[i].letter;
		if (table[i].argument)
			*letter++ = ':';
	}
	*letter = '\0';
	while (r < 0 && (found = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		unsigned i = found >= LONG_BASE ? (unsigned)found - LONG_BASE : 0;

		if (found == '?') { /* getopt_long() has said what is wrong */
			fputs("Try 'ecu-flash --help'.\n", stderr);
			return EXIT_USAGE;
		}
		while (found < LONG_BASE && table[i].letter != found)
			i++;
		r = take_option(o, (enum option_id)i, optarg);
	}
	o->files = argv + optind;
	o->n_files = argc - optind;
	return r;
}

/* ---- the verb ---- */

/* Return: how many of the words the verb's name takes, 0 if they are others */
static int words_of(const struct verb *verb, char **words, int n)
{
	const char *space = strchr(verb->name, ' ');
	size_t first = space ? (size_t)(space - verb->name) : strlen(verb->name);

	if (n < 1 || strlen(words[0]) != first || strncmp(words[0], verb->name, first) != 0)
		return 0;
	if (!space)
		return 1;
	return n >= 2 && strcmp(words[1], space + 1) == 0 ? 2 : 0;
}

/* takes the one or two words of the verb off @o->files */
static int take_verb(struct options *o)
{
	if (!o->n_files)
		return options_wrong(NULL, "a verb is missing");
	for (size_t i = 0; i < N_VERBS; i++) {
		int words = words_of(verbs[i], o->files, o->n_files);

		if (!words)
			continue;
		o->verb = verbs[i];
		o->files += words;
		o->n_files -= words;
		return -1;
	}
	for (size_t i = 0; i < N_VERBS; i++) {
		const char *space = strchr(verbs[i]->name, ' ');

		if (space && strlen(o->files[0]) == (size_t)(space - verbs[i]->name) &&
		    strncmp(verbs[i]->name, o->files[0], (size_t)(space - verbs[i]->name)) == 0)
			return options_wrong(NULL, "'%s' takes a second word, as in 'ecu-flash %s'", o->files[0],
					     verbs[i]->name);
	}
	return options_wrong(NULL, "unknown verb '%s'", o->files[0]);
}

static int check(const struct options *o)
{
	const struct verb *verb = o->verb;
	uint64_t foreign = o->given & ~takes(verb);
	uint64_t missing = verb->needs & ~o->given;

	for (unsigned i = 0; i < N_OPTIONS; i++) {
		if (foreign & TAKES(i))
			return options_wrong(verb, "%s does not take --%s", verb->name, table[i].name);
		if (missing & TAKES(i))
			return options_wrong(verb, "--%s is missing: %s", table[i].name, table[i].help);
	}
	if (o->bring_up && !(o->given & TAKES(OPTION_BITRATE)))
		return options_wrong(verb, "--bring-up needs the --bitrate to bring it up at");
	if (o->json && o->candump && strcmp(o->candump, "-") == 0)
		return options_wrong(verb, "--json and '--candump -' both want standard output");
	if (o->n_files < verb->min_files)
		return options_wrong(verb, "%s needs more: ecu-flash %s %s", verb->name, verb->name, verb->usage);
	if (o->n_files > verb->max_files)
		return verb->max_files ? options_wrong(verb, "%s takes at most %d file%s", verb->name, verb->max_files,
						       verb->max_files == 1 ? "" : "s")
				       : options_wrong(verb, "%s takes no file: '%s'", verb->name, o->files[0]);
	return -1;
}

int options_parse(struct options *options, int argc, char **argv)
{
	struct options o = {.bitrate = 500000,
			    .data_bitrate = 2000000,
			    .fill = 0xff,
			    .session = UDS_SESSION_EXTENDED,
			    .candump_fd = -1};
	int r = take_options(&o, argc, argv);

	if (r >= 0)
		return r;
	if (option_given(&o, OPTION_VERSION)) {
		puts("ecu-flash " GU_VERSION);
		return EXIT_DONE;
	}
	if (option_given(&o, OPTION_HELP) && !o.n_files)
		return general_help();
	r = take_verb(&o);
	if (r < 0 && option_given(&o, OPTION_HELP))
		return verb_help(o.verb);
	if (r < 0)
		r = check(&o);
	*options = o;
	return r;
}
