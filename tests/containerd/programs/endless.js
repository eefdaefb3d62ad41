// endless.js COUNT: endless.c in JavaScript.
const fs = require('fs');

const count = Number(process.argv[2]);
const payload = fs.readFileSync('/sync/payload');
fs.readFileSync('/sync/go');

function print(times) {
	if (times > 0) {
		process.stdout.write(payload, () => print(times - 1));
	} else {
		fs.writeFileSync('/sync/printed', '');
		fs.readFileSync('/sync/finish');
	}
}
print(count);
