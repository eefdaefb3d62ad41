// A claim about a recipe: a line of TAP, and the exit status 1 where it isn't true. A word on the command
// line leaves out the claims whose names don't hold it.
const word = process.argv[2] ?? '';

export function claim(name, test) {
	if (!name.includes(word)) return;
	try {
		test();
		console.log(`ok - ${name}`);
	} catch (error) {
		console.log(`not ok - ${name}\n${error.message.replace(/^/gm, '# ')}`);
		process.exitCode = 1;
	}
}
