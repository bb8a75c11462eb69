/*
 * manifestctl - the signing tool of the firmware's author and of the OEM: keys, manifests, director documents, and any
 * of them as text.
 */
#include <stdio.h>
#include <string.h>

#include "proto/ctl/cmd.h"

static const struct {
	const char *name;
	enum tool_exit (*run)(int argc, char **argv);
} commands[] = {
    {"key", cmd_key},   {"manifest", cmd_manifest}, {"director", cmd_director},
    {"show", cmd_show}, {"verify", cmd_verify},
};

static const char help[] =
    "Usage: manifestctl COMMAND [OPTION...]\n"
    "\n"
    "  key new --algorithm ed25519|ecdsa-p256 --out FILE    make a key: FILE and FILE.pub\n"
    "  key id FILE                                          the name of a key in signatures\n"
    "  manifest --spec FILE.yaml --key KEY --out FILE       sign what an author releases\n"
    "  director --spec FILE.yaml --key KEY --version N --out FILE\n"
    "                                                       sign what one vehicle shall install\n"
    "  show FILE [--json] [--trust PUBKEY]                  any signed document as text\n"
    "  verify FILE --type TYPE --trust PUBKEY               say whether a gateway would take it\n"
    "\n"
    "'manifestctl COMMAND --help' says more of each.\n"
    "Exit status: 0 done, 1 refused or bad input, 2 wrong usage.\n";

int main(int argc, char **argv)
{
	if (argc < 2) {
		fputs(help, stderr);
		return TOOL_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
		fputs(help, stdout);
		return TOOL_OK;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("manifestctl " GU_VERSION);
		return TOOL_OK;
	}
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			return (int)commands[i].run(argc - 1, argv + 1);
	}
	fprintf(stderr, "manifestctl: no command '%s'\nTry 'manifestctl --help'.\n", argv[1]);
	return TOOL_USAGE;
}
