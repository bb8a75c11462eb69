# Makes a manual page of a document in Markdown, so that a file format is described once:
#
#   awk -v page=gatewayd.yaml -v section=5 -f page.awk configuration.md >gatewayd.yaml.5
#
# Knows what docs/ uses: headings, paragraphs, lists, tables, fenced and indented code, and inside of lines code, emphasis
# and links. A table's row becomes an item: the first cell names it, 'unit, range' and 'default' follow it in brackets.

function manual(file) { # the page of a document that another one links to
	sub(/#.*/, "", file)
	sub(/.*\//, "", file)
	return file == "configuration.md" ? "gatewayd.yaml(5)" : file == "profile.md" ? "ecu-profile(5)" : \
		file == "manifest.md" ? "manifest-spec(5)" : file == "campaign.md" ? "campaign-spec(5)" : \
		file == "virtual-ecu.md" ? "virtual-ecu.yaml(5)" : file == "vehicle-sim.md" ? "vehicle-sim.yaml(5)" : \
		file == "oem-backend.md" ? "oem-backend.yaml(5)" : \
		file == "strategy.md" ? "oem-strategy.yaml(5)" : ""
}

function escaped(s) {
	gsub(/\\/, "\\e", s)
	gsub(/-/, "\\-", s)
	return s
}

# code in bold, emphasis in italics, links by their words and the page behind them
function inline(s,    out, at, words, target, end) {
	out = ""
	while (match(s, /`[^`]*`|\[[^]]*\]\([^)]*\)|\*\*[^*]+\*\*|\\[*_|]/)) {
		at = substr(s, RSTART, RLENGTH)
		out = out plain(substr(s, 1, RSTART - 1))
		s = substr(s, RSTART + RLENGTH)
		if (at ~ /^`/) {
			out = out "\\fB" escaped(substr(at, 2, length(at) - 2)) "\\fR"
		} else if (at ~ /^\[/) {
			end = index(at, "](")
			words = substr(at, 2, end - 2)
			target = manual(substr(at, end + 2, length(at) - end - 2))
			if (target == "")
				out = out inline(words)
			else
				out = out (words ~ / / ? inline(words) ", " : "") "\\fB" escaped(substr(target, 1, length(target) - 3)) "\\fR(5)"
		} else if (at ~ /^\*\*/) {
			out = out "\\fB" plain(substr(at, 3, length(at) - 4)) "\\fR"
		} else {
			out = out plain(substr(at, 2))
		}
	}
	return out plain(s)
}

function plain(s) {
	gsub(/\\/, "\\e", s)
	return s
}

function line(s) { # a line of text must not look like a request
	print (s ~ /^[.']/ ? "\\&" : "") s
}

function heading(kind, words) {
	if (kind == ".SH" && words ~ /^[A-Z]/) # a key is in small letters, and stays so
		words = toupper(words)
	words = inline(words)
	gsub(/\\f[BR]/, "", words)
	gsub(/"/, "\\(dq", words)
	print kind " \"" words "\""
}

function code(s) {
	gsub(/\\/, "\\e", s)
	gsub(/-/, "\\-", s)
	line(s)
}

function begin_code() {
	flush()
	print ".PP\n.RS 4\n.nf"
	in_code = 1
}

function end_code() {
	print ".fi\n.RE"
	in_code = 0
}

function flush() { # the lines of a paragraph; code may go on over a line's end
	if (text != "")
		line(inline(text))
	text = ""
}

function row(s,    cells, n, i, tag, body, cell) {
	sub(/^\| */, "", s)
	sub(/ *\|$/, "", s)
	n = split(s, cells, / *\| */)
	if (!in_table) {
		in_table = 1
		for (i = 1; i <= n; i++)
			header[i] = cells[i]
		return
	}
	if (cells[1] ~ /^-+$/)
		return
	tag = inline(cells[1])
	body = ""
	for (i = 2; i <= n; i++) {
		cell = inline(cells[i])
		if (cell == "")
			continue
		if (header[i] == "unit, range" || header[i] == "default")
			tag = tag (tag ~ / \(/ ? "; " : " (") (header[i] == "default" && cell !~ /^(needed|not )/ ? "default " : "") cell
		else
			body = body (body == "" ? "" : "; ") (header[i] == "meaning" ? "" : header[i] ": ") cell
	}
	print ".TP"
	line(tag (tag ~ / \(/ ? ")" : ""))
	line(body == "" ? "\\&" : body ".")
}

/^```/ && in_code == 1 { end_code(); next }
/^```/ { begin_code(); next }
in_code == 1 { code($0); next }
/^    / && (fresh || in_code == 2) {
	if (!in_code)
		begin_code()
	in_code = 2
	code(substr($0, 5))
	next
}
/^$/ { flush(); fresh = 1; in_table = in_list = 0; next }
in_code == 2 { end_code() }
/^(#|\||[*-] )/ { flush() }
/^# / {
	printf ".TH %s %d \"\" \"gateway-update\" \"File Formats\"\n", toupper(page), section
	print ".SH NAME"
	print escaped(page) " \\- " inline(tolower(substr($0, 3, 1)) substr($0, 4))
	print ".SH DESCRIPTION"
	fresh = 0
	next
}
/^## / { heading(".SH", substr($0, 4)); fresh = 0; next }
/^### / { heading(".SS", substr($0, 5)); fresh = 0; next }
/^\|/ { row($0); fresh = 0; next }
/^[*-] / {
	print ".IP \\(bu 2"
	in_list = 1
	fresh = 0
	text = substr($0, 3)
	next
}
{
	if (fresh && !in_list)
		print ".PP"
	fresh = 0
	sub(/^ +/, "")
	text = text (text == "" ? "" : " ") $0
}
END {
	flush()
	if (in_code)
		end_code()
	if (see != "") {
		print ".SH SEE ALSO"
		n = split(see, pages, / /)
		for (i = 1; i <= n; i++) {
			match(pages[i], /\(/)
			printf ".BR %s (%s%s\n", escaped(substr(pages[i], 1, RSTART - 1)), substr(pages[i], RSTART + 1), i < n ? "," : ""
		}
	}
}
