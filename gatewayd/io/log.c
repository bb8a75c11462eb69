#include "gatewayd/io/log.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

static int max_level = LOG_INFO;
static bool to_journal;

/* systemd sets JOURNAL_STREAM to device:inode of the stream it connected; anything else on stderr is for a person */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;
	char *end;

	if (!stream || fstat(STDERR_FILENO, &st) < 0)
		return false;
	device = strtoull(stream, &end, 10);
	if (*end != ':')
		return false;
	inode = strtoull(end + 1, NULL, 10);
	return (unsigned long long)st.st_dev == device && (unsigned long long)st.st_ino == inode;
}

void log_init(int level)
{
	max_level = level;
	to_journal = stderr_is_journal();
}

#define MAX_FIELDS  10u
#define FIELD_BYTES 512u

struct entry {
	struct iovec iov[MAX_FIELDS];
	int n;
	char text[MAX_FIELDS][FIELD_BYTES];
};

static void entry_add(struct entry *self, const char *name, const char *value)
{
	int n;

	if (!value || value[0] == '\0' || self->n == (int)MAX_FIELDS)
		return;
	n = snprintf(self->text[self->n], FIELD_BYTES, "%s=%s", name, value);
	if (n < 0)
		return;
	self->iov[self->n].iov_base = self->text[self->n];
	self->iov[self->n].iov_len = (size_t)n < FIELD_BYTES ? (size_t)n : FIELD_BYTES - 1;
	self->n++;
}

static void write_journal(int priority, const struct log_fields *fields, const char *message)
{
	struct entry entry = {.n = 0};
	char number[16];

	entry_add(&entry, "MESSAGE", message);
	snprintf(number, sizeof(number), "%d", priority);
	entry_add(&entry, "PRIORITY", number);
	if (fields) {
		entry_add(&entry, "MESSAGE_ID", fields->message_id);
		entry_add(&entry, "CAMPAIGN_ID", fields->campaign_id);
		entry_add(&entry, "ECU", fields->ecu);
		entry_add(&entry, "BUS", fields->bus);
		entry_add(&entry, "STEP", fields->step);
		entry_add(&entry, "CODE", fields->code);
		if (fields->nrc) {
			snprintf(number, sizeof(number), "0x%02X", fields->nrc);
			entry_add(&entry, "UDS_NRC", number);
		}
	}
	sd_journal_sendv(entry.iov, entry.n);
}

static void write_stderr(int priority, const char *message)
{
	static const char *const words[] = {"emerg", "alert", "crit", "error", "warning", "notice", "info", "debug"};
	struct timespec ts;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	fprintf(stderr, "%02d:%02d:%02d.%03ld %-7s %s\n", tm.tm_hour, tm.tm_min, tm.tm_sec, ts.tv_nsec / 1000000,
		words[priority & 7], message);
}

/* "demo-1: lamp: ": a reader of the line alone must know what it is about */
static size_t prefix(char *out, size_t n, const struct log_fields *fields)
{
	const char *campaign = fields && fields->campaign_id ? fields->campaign_id : "";
	const char *ecu = fields && fields->ecu ? fields->ecu : "";
	int length = snprintf(out, n, "%.64s%s%.64s%s", campaign, campaign[0] ? ": " : "", ecu, ecu[0] ? ": " : "");

	return length < 0 || (size_t)length >= n ? 0 : (size_t)length;
}

void log_write(int priority, const struct log_fields *fields, const char *format, ...)
{
	char message[FIELD_BYTES - 16];
	size_t n;
	va_list args;

	if (priority > max_level)
		return;
	n = prefix(message, sizeof(message), fields);
	va_start(args, format);
	vsnprintf(message + n, sizeof(message) - n, format, args);
	va_end(args);
	/* words of peers and files stand in it: none of them begins a line of its own or moves a terminal */
	for (char *c = message; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	if (to_journal)
		write_journal(priority, fields, message);
	else
		write_stderr(priority, message);
}
