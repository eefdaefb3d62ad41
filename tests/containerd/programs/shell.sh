# shell.sh COUNT: an entrypoint whose children print on one line, COUNT of them, and that has a
# pipeline of its own.
payloads() {
	i=0
	while [ "$i" -lt "$1" ]; do
		cat /sync/payload
		i=$((i + 1))
	done
}

read -r _ </sync/go
payloads "$1" | sha256sum >/sync/checksum
payloads "$1"
: >/sync/printed
read -r _ </sync/finish
exit 0
