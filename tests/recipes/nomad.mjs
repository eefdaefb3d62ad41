// docker/nomad.hcl through an HCL2 parser (npm hcl2-parser), and its blocks and arguments against those
// of Nomad's job specification and of its Docker driver, as far as the recipe needs them: a line of TAP
// each. nomad.mjs [WORD]
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { claim } from './claim.mjs';

const { default: hcl } = await import(`${process.env.RECIPES_NPM}/node_modules/hcl2-parser/dist/index.js`);

const text = fs.readFileSync(new URL('../../docker/nomad.hcl', import.meta.url), 'utf8');

// An argument is its pattern, or [] with its elements'; a block is {}, with a label where that is `*`.
const ANY = { '*': /^/ };
const JOB = {
	job: { '*': { type: /^(service|batch|system)$/, group: { '*': { task: { '*': {
		driver: /^docker$/,
		user: /^/,
		lifecycle: { hook: /^(prestart|poststart|poststop)$/, sidecar: /^(true|false)$/ },
		config: { image: /^\S+$/, entrypoint: [/^/], command: /^/, args: [/^/] },
		env: ANY,
		resources: { cpu: /^\d+$/, memory: /^\d+$/ },
	} } } } } },
};

function check(value, shape, path) {
	if (shape instanceof RegExp) {
		assert.ok(typeof value !== 'object' && shape.test(value), path);
	} else if (Array.isArray(shape)) {
		assert.ok(Array.isArray(value), path);
		for (const element of value) check(element, shape[0], path);
	} else if (Array.isArray(value)) {
		for (const block of value) check(block, shape, path);
	} else {
		assert.equal(typeof value, 'object', path);
		for (const [name, inner] of Object.entries(value)) {
			const known = shape[name] ?? shape['*'] ?? assert.fail(`${path}: no ${name}`);
			check(inner, known, `${path}.${name}`);
		}
	}
}

function checkJob(source) {
	const [job, error] = hcl.parseToObject(source);
	assert.ok(job, `no HCL: ${JSON.stringify(error)}`);
	check(job, JOB, 'job file');
	return job;
}

claim('nomad.hcl is a job that Nomad knows', () => {
	const { job } = checkJob(text);
	const tasks = job.legacy[0].group.legacy[0].task;
	assert.equal(tasks.linecap[0].config[0].image, 'registry.example/linecap:VERSION');
	assert.equal(tasks.legacy[0].env[0].LD_PRELOAD, '/alloc/data/liblinecap.so');
});
claim('nomad.hcl: another block, argument or type is refused', () => {
	const wrong = [
		[text.replace('lifecycle {', 'lifecycles {'), /no lifecycles/],
		[text.replace('hook =', 'when ='), /no when/],
		[text.replace('"prestart"', '"before"'), /hook/],
		[text.replace('["/linecap", "install", "/alloc/data"]', '"/linecap"'), /entrypoint/],
		[text.replace('env {', 'env = 1 #'), /no HCL/],
		[text.replace('env {', 'env = 1\nresources {'), /env/],
	];
	for (const [source, message] of wrong) assert.throws(() => checkJob(source), message, source);
});
