# The tables of docs/mapping.md from proto/mapping.def and codes.def (named in this order, codes.def first).
# Prints those between the markers "<!-- states -->", "<!-- ecus -->", "<!-- results -->", "<!-- codes -->".

# the arguments of NAME(…), split at commas outside of quotes, into arg[1..]
function arguments(line,    n, i, c, quoted, text) {
	sub(/^[A-Z]+\(/, "", line)
	sub(/\)$/, "", line)
	n = 1
	text = ""
	for (i = 1; i <= length(line); i++) {
		c = substr(line, i, 1)
		if (c == "\"")
			quoted = !quoted
		else if (c == "," && !quoted) {
			arg[n++] = text
			text = ""
			i++ # the space
		} else
			text = text c
	}
	arg[n] = text
}
BEGIN {
	split("ok cbor-parse cose-unsupported alg-unsupported unauthorized command-unsupported component-unsupported " \
	      "component-unauthorized parameter-unsupported severing-unsupported condition-failed operation-failed " \
	      "invoke-pending", suit, " ")
}
/^X\(/ {
	arguments($0)
	number[arg[1]] = arg[2]
	order[++n_codes] = arg[1]
}
/^STATE\(/ {
	arguments($0)
	states = states sprintf("| %s | %s | %s | %s | %s | %s |\n", arg[2], arg[7], arg[6], arg[8], arg[9], arg[5] == "true" ? "yes" : "no")
}
/^TARGET\(/ {
	arguments($0)
	targets = targets sprintf("| %s | %s | %s | %s | %s |\n", arg[2], arg[4], arg[3], arg[5], arg[6])
}
/^RESULT\(/ {
	arguments($0)
	results = results sprintf("| `%s` | %s | %s | %s | %s (%s) | %s |\n", arg[1], arg[6], arg[2] ? arg[2] : "–", arg[3], \
				  arg[4], suit[arg[4] + 1], arg[5])
}
/^CODE\(/ {
	arguments($0)
	result[arg[1]] = arg[2]
}
END {
	print "<!-- states -->\n| campaign | FUMO state | LwM2M state | result without a code | UCM status | may be cancelled |"
	printf "| --- | --- | --- | --- | --- | --- |\n%s", states
	print "<!-- ecus -->\n| ECU | FUMO state | LwM2M state | result without a code | UCM package |"
	printf "| --- | --- | --- | --- | --- |\n%s", targets
	print "<!-- results -->\n| result | meaning | FUMO | LwM2M | SUIT reason | UCM error |"
	printf "| --- | --- | --- | --- | --- | --- |\n%s", results
	print "<!-- codes -->\n| code | name | result |\n| --- | --- | --- |"
	for (i = 1; i <= n_codes; i++)
		printf "| %s | `%s` | `%s` |\n", number[order[i]], order[i], result[order[i]]
	print "<!-- end -->"
}
