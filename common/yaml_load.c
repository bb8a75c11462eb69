#include "common/yaml_load.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/yaml_doc.h"

/*
 * libcyaml logs a message, "Backtrace:", and then the fields from the innermost out:
 *     Load: STRING length > 10: …
 *     Load: Backtrace:
 *       in mapping field 'x' (line: 2, column: 18)
 *       in sequence entry '2' (line: 2, column: 14)      (counted from 1)
 * The path is put together from those lines; the line number comes from our own index.
 */
struct log {
	char message[256];
	char path[512];
};

static void log_prepend(struct log *self, const char *segment)
{
	char path[sizeof(self->path)];
	bool dot = self->path[0] != '\0' && self->path[0] != '[';

	snprintf(path, sizeof(path), "%.160s%s%.340s", segment, dot ? "." : "", self->path);
	memcpy(self->path, path, sizeof(path));
}

static void log_line(struct log *self, char *line)
{
	static const char field_mark[] = "in mapping field '";
	static const char entry_mark[] = "in sequence entry '";
	char *field = strstr(line, field_mark);
	char *entry = strstr(line, entry_mark);

	line[strcspn(line, "\n")] = '\0';
	if (field) {
		field += sizeof(field_mark) - 1;
		field[strcspn(field, "'")] = '\0';
		log_prepend(self, field);
	} else if (entry) {
		char index[32];
		unsigned long i = strtoul(entry + sizeof(entry_mark) - 1, NULL, 10);

		snprintf(index, sizeof(index), "[%lu]", i > 0 ? i - 1 : 0);
		log_prepend(self, index);
	} else if (!strstr(line, "Backtrace:") && !strstr(line, "in mapping (") && self->message[0] == '\0') {
		const char *text = strncmp(line, "Load: ", 6) == 0 ? line + 6 : line;

		snprintf(self->message, sizeof(self->message), "%.255s", text);
	}
}

static void on_log(cyaml_log_t level, void *ctx, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

static void on_log(cyaml_log_t level, void *ctx, const char *format, va_list args)
{
	char line[512];

	if (level < CYAML_LOG_ERROR)
		return;
	vsnprintf(line, sizeof(line), format, args);
	log_line(ctx, line);
}

static cyaml_config_t config_for(struct log *log)
{
	cyaml_config_t config = {
	    .log_fn = on_log,
	    .log_ctx = log,
	    .mem_fn = cyaml_mem,
	    .log_level = CYAML_LOG_ERROR,
	    .flags = CYAML_CFG_NO_ALIAS,
	};

	return config;
}

static int no_memory(const char *name, struct yaml_error *error)
{
	yaml_error_format(error, name, 0, "", "%s", strerror(ENOMEM));
	return -ENOMEM;
}

int yaml_load_memory(const char *name, const char *text, size_t n, const cyaml_schema_value_t *schema, void **data,
		     struct yaml_doc **doc, struct yaml_error *error)
{
	struct log log = {0};
	cyaml_config_t config = config_for(&log);
	struct yaml_doc *parsed = NULL;
	cyaml_data_t *loaded = NULL;

	int r = yaml_doc_parse(name, text, n, &parsed, error);
	if (r == -ENOMEM)
		return no_memory(name, error);
	if (r == 0)
		r = yaml_check(parsed, schema, error);
	if (r == 0) {
		cyaml_err_t code = cyaml_load_data((const uint8_t *)text, n, &config, schema, &loaded, NULL);

		if (code == CYAML_ERR_OOM) {
			r = no_memory(name, error);
		} else if (code != CYAML_OK || !loaded) {
			const char *what = log.message[0] ? log.message : cyaml_strerror(code);

			r = yaml_error_at(parsed, error, log.path, "%s", what);
		}
	}
	if (r != 0) {
		yaml_doc_free(parsed);
		return r;
	}
	*data = loaded;
	if (doc)
		*doc = parsed;
	else
		yaml_doc_free(parsed);
	return 0;
}

/* Return: bytes read, at most YAML_DOC_MAX_BYTES + 1 so that more than the limit shows; -errno */
static ssize_t read_file(const char *path, char **text)
{
	size_t cap = YAML_DOC_MAX_BYTES + 1;
	size_t n = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	char *buf = malloc(cap);
	ssize_t r = buf ? 0 : -ENOMEM;
	while (r == 0 && n < cap) {
		ssize_t got = read(fd, buf + n, cap - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			r = -errno;
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	close(fd);
	if (r < 0) {
		free(buf);
		return r;
	}
	*text = buf;
	return (ssize_t)n;
}

int yaml_load_file(const char *path, const cyaml_schema_value_t *schema, void **data, struct yaml_doc **doc,
		   struct yaml_error *error)
{
	char *text = NULL;
	ssize_t n = read_file(path, &text);

	if (n < 0) {
		yaml_error_format(error, path, 0, "", "cannot be read: %s", strerror((int)-n));
		return (int)n;
	}
	int r = yaml_load_memory(path, text, (size_t)n, schema, data, doc, error);
	free(text);
	return r;
}

void yaml_free(const cyaml_schema_value_t *schema, void *data)
{
	struct log log = {0};
	cyaml_config_t config = config_for(&log);

	if (data)
		cyaml_free(&config, schema, data, 0);
}

int yaml_number(const struct yaml_doc *doc, struct yaml_error *error, const char *key, int64_t value, uint32_t fallback,
		uint32_t min, uint32_t max, uint32_t *out)
{
	const int64_t number = yaml_has(doc, key) ? value : fallback;

	if (number >= min && number <= max) {
		*out = (uint32_t)number;
		return 0;
	}
	yaml_error_at(doc, error, key, "must be %u..%u, is %lld", min, max, (long long)number);
	return 1;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int yaml_hex_bytes(const char *text, unsigned char *out, size_t cap)
{
	size_t n = 0;

	while (isspace((unsigned char)*text))
		text++;
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		text += 2;
	while (*text) {
		int high = hex_digit(text[0]);
		int low = high < 0 ? -1 : hex_digit(text[1]);

		if (low < 0 || n == cap)
			return -1;
		out[n++] = (unsigned char)(high << 4 | low);
		text += 2;
		while (isspace((unsigned char)*text))
			text++;
	}
	return n > 0 ? (int)n : -1;
}
