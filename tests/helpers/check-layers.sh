#!/bin/sh
# The arrows of the map atop src/main.c: fails on an include, or a call, that crosses one.
status=0

# refuse WHY PATTERN FILE...: no file has a line of that pattern.
refuse() {
	why=$1 pattern=$2
	shift 2
	[ $# -gt 0 ] || return 0
	found=$(grep -nE "$pattern" "$@" /dev/null) || return 0
	printf '%s:\n%s\n' "$why" "$found"
	status=1
}

# files FOLDER... [! NAME-PATTERN...]: sources and headers, without those that match.
files() {
	find "$@" -type f -name '*.[ch]' | sort
}

folders='collect owners select format explain'
for folder in $folders; do
	others=$(echo "$folders" | tr ' ' '\n' | grep -vx "$folder" | paste -sd'|')
	refuse "$folder includes another folder, or the options" "#include \"(($others|run)/|options|main)" $(files src/$folder)
done
core=$(find src -maxdepth 1 -name '*.[ch]' ! -name main.c ! -name 'options.*' ! -name 'completions.*' | sort)
refuse "the core includes a folder" "#include \"($(echo "$folders run" | tr ' ' '|'))/" $core
refuse "a contract includes a private header" '#include "' $(files include)

everywhere=$(files src include)
plain=$(echo "$everywhere" | grep -vE '^src/(collect|explain)/|^src/owners/[a-z_]*bpf|^src/base/privilege\.c$')
# linux/magic.h and linux/kcmp.h are a handful of numbers; the rule is about netlink's structures.
refuse "linux/ or libmnl outside collect/, explain/, the BPF loader" '#include <(linux/(a|b|i|n|p|s|t|u|v|x)|libmnl/)' $plain
refuse "libcap outside privilege.c" '#include <sys/capability.h>' $(echo "$everywhere" | grep -vx src/base/privilege.c)
refuse "standard output outside out.c" '\<(printf|puts|putchar|vprintf) ?\(|\<stdout *[,;)]' \
	$(echo "$everywhere" | grep -vx src/out.c)
refuse "standard error outside message.c" '\<perror ?\(|\<stderr *[,;)]|STDERR_FILENO' \
	$(echo "$everywhere" | grep -vx src/message.c)
# The probe's child process ends where it began.
refuse "an exit below main" '\<(exit|_exit|abort|err|errx|warn|warnx) ?\(' \
	$(echo "$everywhere" | grep -vxE 'src/(main|explain/probe)\.c')
exit $status
