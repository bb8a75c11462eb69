#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* the real binary, beside this test in the build; each test works in a directory of its own */
static char program[4096];
static char directory[] = "/tmp/manifestctl-test-XXXXXX";

static const char manifest_yaml[] = "id: brake-2.0.1\n"
				    "version: 7\n"
				    "expires: +30d\n"
				    "components:\n"
				    "- name: brake\n"
				    "  hardware_ids: [BRK-4711]\n"
				    "  profile: profile.yaml\n"
				    "  conditions: [{kind: battery_min_mv, value: 11800}]\n"
				    "  units:\n"
				    "  - kind: application\n"
				    "    image: image.hex\n"
				    "    format: ihex\n";
static const char director_yaml[] = "vehicle_id: VIN-1\n"
				    "expires: +900s\n"
				    "campaigns:\n"
				    "- id: spring\n"
				    "  manifest: m.signed\n"
				    "  mode: negotiated\n"
				    "  urgency: high\n"
				    "  window: {start: 2031-05-06T00:00:00Z, end: 2031-06-01}\n"
				    "  targets:\n"
				    "  - {ecu: front, hardware_id: BRK-4711, component: brake, rollback: none}\n"
				    "  - {ecu: rear, hardware_id: BRK-4711, component: brake, rollback: image.hex}\n";

static void write_text(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* the spec with one piece of it replaced */
static void write_spoilt(const char *name, const char *text, const char *piece, const char *by)
{
	char spoilt[2048];
	const char *at = strstr(text, piece);

	assert_non_null(at);
	snprintf(spoilt, sizeof spoilt, "%.*s%s%s", (int)(at - text), text, by, at + strlen(piece));
	write_text(name, spoilt);
}

/* Return: exit status; what it wrote, to either stream, is in @output */
static int run(const char *arguments, char output[8192])
{
	char command[5000];
	FILE *p;
	size_t n;
	int status;

	snprintf(command, sizeof command, "'%s' %s 2>&1", program, arguments);
	p = popen(command, "r");
	assert_non_null(p);
	n = fread(output, 1, 8191, p);
	output[n] = '\0';
	status = pclose(p);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void says(const char *arguments, int status, const char *words)
{
	char output[8192];
	int got = run(arguments, output);

	if (got != status || !strstr(output, words))
		fail_msg("%s: exit %d, said '%s', wanted exit %d and '%s'", arguments, got, output, status, words);
}

static void keys_are_private_and_never_replaced(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(stat("author.key", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	says("key new --algorithm ed25519 --out author.key", 1, "author.key: File exists");
	says("key new --algorithm rsa --out other.key", 2, "must be ed25519 or ecdsa-p256");
	assert_int_equal(access("other.key", F_OK), -1);
}

static void both_halves_of_a_key_have_one_id(void **state)
{
	char one[8192];
	char two[8192];

	(void)state;
	assert_int_equal(run("key id director.key", one), 0);
	assert_int_equal(run("key id director.key.pub", two), 0);
	assert_string_equal(one, two);
	assert_int_equal(strlen(one), 65);
}

static void what_it_signs_it_verifies(void **state)
{
	(void)state;
	says("verify m.signed --type manifest --trust author.key.pub", 0, "ok");
	says("verify m.signed --type manifest --trust director.key.pub", 1, "0 of 1 signatures");
	says("verify m.signed --type director --trust author.key.pub", 1, "of another type or role");
	says("verify m.signed --type manifest --trust author.key.pub --at 2100-01-01", 1, "expired");
	says("verify m.signed --type manifest --trust author.key.pub --min-version 8", 1,
	     "older than the version held");
	says("verify d.signed --type director --trust director.key.pub --vehicle VIN-1", 0, "ok");
	says("verify d.signed --type director --trust director.key.pub --vehicle VIN-2", 1, "for another vehicle");
}

/* and only then, so that an older reader takes what it understands */
static void a_feature_is_named_where_it_is_used(void **state)
{
	char output[8192];

	(void)state;
	assert_int_equal(run("show m.signed", output), 0);
	assert_null(strstr(output, "conditions-2"));
	assert_null(strstr(output, "driver-return-1"));
	write_spoilt("feature.yaml", manifest_yaml, "  units:\n", "  driver_return: finish_inhibited\n  units:\n");
	says("manifest --spec feature.yaml --key author.key --out return.signed", 0, "");
	says("show return.signed", 0, "driver-return-1");
	write_spoilt("feature.yaml", manifest_yaml, "{kind: battery_min_mv, value: 11800}",
		     "{kind: charge_min_percent, value: 30}, {kind: gear_park}");
	says("manifest --spec feature.yaml --key author.key --out charge.signed", 0, "");
	says("show charge.signed", 0, "conditions-2");
	write_spoilt("feature.yaml", manifest_yaml, "{kind: battery_min_mv, value: 11800}",
		     "{kind: charge_min_percent, value: 101}");
	says("manifest --spec feature.yaml --key author.key --out no.signed", 1, "must be 1..100 percent");
}

static void a_document_is_shown_with_what_was_computed(void **state)
{
	(void)state;
	/* printf ':00000001FF\n' | sha256sum */
	says("show m.signed", 0, "sha256: 9e2df0a1190a1205c098889c455e5b76c4df18b5ccac2b7605da1575f05b64c5\n");
	says("show m.signed", 0, "length: 12\n");
	says("show d.signed", 0, "end_unix_s: 2031-06-01T00:00:00Z\n");
	says("show d.signed --json", 0, "\"window\":{\"start_unix_s\":1935792000,\"end_unix_s\":1938038400}");
	says("show d.signed --trust director.key.pub", 0, "verified: yes");
	says("show d.signed --trust author.key.pub", 1, "verified: no");
	says("show image.hex", 1, "malformed");
}

static void a_unit_carries_the_signature_for_the_ecus_check(void **state)
{
	(void)state;
	write_text("image.sig", "SIG");
	write_spoilt("sig.yaml", manifest_yaml, "    format: ihex\n",
		     "    format: ihex\n    check_signature: image.sig\n");
	says("manifest --spec sig.yaml --key author.key --out sig.signed", 0, "");
	says("show sig.signed", 0, "check_signature: 534947\n");
	write_spoilt("sig.yaml", manifest_yaml, "    format: ihex\n",
		     "    format: ihex\n    check_signature: none.sig\n");
	says("manifest --spec sig.yaml --key author.key --out none.signed", 1,
	     "sig.yaml:13: components[0].units[0].check_signature: none.sig: No such file");
}

static void a_campaign_says_when_it_may_be_installed(void **state)
{
	(void)state;
	write_spoilt("w.yaml", director_yaml, "  targets:\n",
		     "  recurring:\n"
		     "  - {days: [mon, sun], start: '22:30', duration_s: 21600, time_zone: Europe/Berlin}\n"
		     "  deadline: 2031-05-20\n"
		     "  retry_pause_s: 600\n"
		     "  targets:\n");
	says("director --spec w.yaml --key director.key --version 1 --out w.signed", 0, "");
	says("show w.signed --json", 0, "\"start_minute\":1350,\"duration_s\":21600,\"time_zone\":\"Europe/Berlin\"");
	says("show w.signed --json", 0, "\"days\":65");
	says("show w.signed --json", 0, "\"required_features\":[\"base-1\",\"windows-recurring-1\",\"deadline-1\"]");
	says("show w.signed", 0, "deadline_unix_s: 2031-05-20T00:00:00Z\n");
	says("show w.signed", 0, "retry_pause_s: 600\n");
	says("verify w.signed --type director --trust director.key.pub", 0, "");
}

static void texts_for_the_driver_are_signed_and_shown_in_each_language(void **state)
{
	(void)state;
	write_spoilt("texts.yaml", manifest_yaml, "id: brake-2.0.1\n",
		     "id: brake-2.0.1\n"
		     "texts:\n"
		     "  - {language: de, title: Bessere Bremse, body: \"Kürzerer\\nBremsweg\"}\n"
		     "  - {language: en-GB, title: Better brakes}\n");
	says("manifest --spec texts.yaml --key author.key --out texts.signed", 0, "");
	says("show texts.signed", 0, "language: de\n");
	says("show texts.signed", 0, "title: Bessere Bremse\n");
	says("show texts.signed", 0, "body: Kürzerer Bremsweg\n");
	says("show texts.signed --json", 0, "{\"language\":\"en-GB\",\"title\":\"Better brakes\"");
	write_spoilt("texts.yaml", manifest_yaml, "id: brake-2.0.1\n",
		     "id: brake-2.0.1\ntexts:\n  - {language: german!, title: x}\n");
	says("manifest --spec texts.yaml --key author.key --out bad.signed", 1,
	     "texts.yaml:3: texts[0].language: must be a language tag");
}

static void a_mistake_is_told_by_file_line_and_key(void **state)
{
	static const struct {
		const char *piece;
		const char *by;
		const char *words;
	} of_manifest[] = {
	    {"image.hex", "gone.hex", "bad.yaml:11: components[0].units[0].image: gone.hex: No such file"},
	    {"ihex", "elf", "bad.yaml:12: components[0].units[0].format: must be one of"},
	    {"11800", "0", "bad.yaml:8: components[0].conditions[0].value: must be 1..100000"},
	    {"+30d", "soon", "bad.yaml:3: expires: must be a date"},
	    {"brake-2.0.1", "../brake", "bad.yaml:1: id: must be 1..64 of"},
	};
	static const struct {
		const char *piece;
		const char *by;
		const char *words;
	} of_director[] = {
	    {"ecu: rear", "ecu: front", "bad.yaml:11: campaigns[0].targets[1].ecu: listed twice"},
	    {"component: brake", "component: door", "bad.yaml:10: campaigns[0].targets[0].component: 'door' is no"},
	    {"hardware_id: BRK-4711", "hardware_id: BRK-1", "targets[0].hardware_id: component 'brake' does not fit"},
	    {"2031-06-01", "2031-05-01", "bad.yaml:8: campaigns[0].window: must end after its start"},
	    {"2031-06-01", "2031-02-31", "bad.yaml:8: campaigns[0].window.end: must be a date"},
	    {"  targets:", "  recurring: [{days: [mon], start: '24:30', duration_s: 60, time_zone: UTC}]\n  targets:",
	     "bad.yaml:9: campaigns[0].recurring[0].start: must be a time of the day"},
	    {"  targets:", "  recurring: [{days: [mon], start: '22:30', duration_s: 59, time_zone: UTC}]\n  targets:",
	     "bad.yaml:9: campaigns[0].recurring[0].duration_s: must be 60..86400"},
	    {"  targets:",
	     "  recurring: [{days: [mon], start: '22:30', duration_s: 60, time_zone: ../etc}]\n  targets:",
	     "bad.yaml:9: campaigns[0].recurring[0].time_zone: must be a name"},
	    {"  targets:", "  deadline: 2031-05-01\n  targets:", "deadline_unix_s: not after the window's start"},
	    {"m.signed", "image.hex", "bad.yaml:5: campaigns[0].manifest: image.hex: "},
	    {"m.signed", "d.signed", "bad.yaml:5: campaigns[0].manifest: d.signed: not a manifest"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof of_manifest / sizeof of_manifest[0]; i++) {
		write_spoilt("bad.yaml", manifest_yaml, of_manifest[i].piece, of_manifest[i].by);
		says("manifest --spec bad.yaml --key author.key --out bad.signed", 1, of_manifest[i].words);
	}
	for (size_t i = 0; i < sizeof of_director / sizeof of_director[0]; i++) {
		write_spoilt("bad.yaml", director_yaml, of_director[i].piece, of_director[i].by);
		says("director --spec bad.yaml --key director.key --version 1 --out bad.signed", 1,
		     of_director[i].words);
	}
	assert_int_equal(access("bad.signed", F_OK), -1);
}

/* the lines of a help text that are indented by two, between blank ones, as a file */
static void write_example(const char *command, const char *name)
{
	char output[8192], example[8192] = "";
	char *rest = output;

	assert_int_equal(run(command, output), 0);
	for (char *line; (line = strsep(&rest, "\n"));) {
		if (strncmp(line, "  ", 2) == 0)
			snprintf(example + strlen(example), sizeof example - strlen(example), "%s\n", line + 2);
	}
	write_text(name, example);
}

static void the_examples_of_the_help_run(void **state)
{
	static const char line[] = "000102030405060708090A0B0C0D0E0F";
	char output[8192];
	FILE *f = fopen("brake.hex", "w");

	(void)state;
	/* 4096 bytes at 0x8000, as the example's segments say */
	assert_non_null(f);
	for (unsigned address = 0x8000; address < 0x9000; address += 16)
		fprintf(f, ":10%04X00%s%02X\n", address, line,
			(0x100u - ((0x10u + (address >> 8) + (address & 0xff) + 120u) & 0xff)) & 0xff);
	fprintf(f, ":00000001FF\n");
	assert_int_equal(fclose(f), 0);
	write_text("brake.profile.yaml", "name: brake\n");
	write_text("brake.sig", "as the ECU wants it");
	write_example("manifest --help", "example.yaml");
	says("manifest --spec example.yaml --key author.key --out brake.manifest", 0, "");
	says("verify brake.manifest --type manifest --trust author.key.pub", 0, "ok");
	write_example("director --help", "example.yaml");
	says("director --spec example.yaml --key director.key --version 1 --out vehicle.director", 0, "");
	says("verify vehicle.director --type director --trust director.key.pub", 0, "ok");
	/* nothing in it that gatewayd refuses as not possible yet */
	assert_int_equal(run("show brake.manifest", output), 0);
	assert_null(strstr(output, "preserve_dids"));
	assert_null(strstr(output, "sources"));
	assert_null(strstr(output, "ram_driver"));
	assert_non_null(strstr(output, "address: 0x8000"));
}

static void segments_of_a_raw_image_are_compared_with_its_file(void **state)
{
	char spec[2048];

	(void)state;
	write_text("raw.bin", "0123456789");
	write_spoilt(
	    "raw.yaml", manifest_yaml, "image.hex\n    format: ihex\n",
	    "raw.bin\n    format: raw\n    base_address: 0x100\n    segments: [{address: 0x100, length: 10}]\n");
	says("manifest --spec raw.yaml --key author.key --out raw.signed", 0, "");
	snprintf(spec, sizeof spec, "sed -i 's/length: 10/length: 11/' raw.yaml");
	assert_int_equal(system(spec), 0);
	says("manifest --spec raw.yaml --key author.key --out bad.signed", 1,
	     "raw.yaml:14: components[0].units[0].segments: this raw image is one segment of 10 bytes at 0x100");
	assert_int_equal(access("bad.signed", F_OK), -1);
}

static void wrong_usage_exits_2(void **state)
{
	(void)state;
	says("", 2, "Usage");
	says("frobnicate", 2, "no command 'frobnicate'");
	says("director --spec d.yaml --key director.key --out x", 2, "needs --version");
	says("verify m.signed --type manifest", 2, "needs --trust");
	says("manifest --help", 0, "Usage: manifestctl manifest");
}

static int prepare(void **state)
{
	char output[8192];
	ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
	char *slash;

	(void)state;
	/* build/PRESET/tests/unit/this -> build/PRESET/bin/manifestctl */
	if (n <= 0)
		return -1;
	program[n] = '\0';
	for (int i = 0; i < 3; i++) {
		slash = strrchr(program, '/');
		if (!slash)
			return -1;
		*slash = '\0';
	}
	strncat(program, "/bin/manifestctl", sizeof program - strlen(program) - 1);
	if (!mkdtemp(directory) || chdir(directory) != 0)
		return -1;
	write_text("manifest.yaml", manifest_yaml);
	write_text("director.yaml", director_yaml);
	write_text("profile.yaml", "name: brake\n");
	write_text("image.hex", ":00000001FF\n");
	return run("key new --algorithm ed25519 --out author.key", output) ||
	       run("key new --algorithm ecdsa-p256 --out director.key", output) ||
	       run("manifest --spec manifest.yaml --key author.key --out m.signed", output) ||
	       run("director --spec director.yaml --key director.key --version 3 --out d.signed", output);
}

static int clean(void **state)
{
	char command[100];

	(void)state;
	snprintf(command, sizeof command, "rm -r '%s'", directory);
	return chdir("/") == 0 ? system(command) : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keys_are_private_and_never_replaced),
	    cmocka_unit_test(both_halves_of_a_key_have_one_id),
	    cmocka_unit_test(what_it_signs_it_verifies),
	    cmocka_unit_test(a_feature_is_named_where_it_is_used),
	    cmocka_unit_test(a_document_is_shown_with_what_was_computed),
	    cmocka_unit_test(a_unit_carries_the_signature_for_the_ecus_check),
	    cmocka_unit_test(a_campaign_says_when_it_may_be_installed),
	    cmocka_unit_test(texts_for_the_driver_are_signed_and_shown_in_each_language),
	    cmocka_unit_test(a_mistake_is_told_by_file_line_and_key),
	    cmocka_unit_test(the_examples_of_the_help_run),
	    cmocka_unit_test(segments_of_a_raw_image_are_compared_with_its_file),
	    cmocka_unit_test(wrong_usage_exits_2),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, prepare, clean);
}
