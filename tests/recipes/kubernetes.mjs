// The manifests of docker/kubernetes against Kubernetes' models, against PodSecurity "restricted", and
// the two policies on the pods of pods.yaml: a line of TAP each. kubernetes.mjs [WORD]; RECIPES_NPM and
// RECIPES_KUBECTL say where the packages and kubectl are, RECIPES_NO_KUBECTL why there is none.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { claim } from './claim.mjs';
import { checkStrictly } from './models.mjs';
import { apply, Policy } from './policy.mjs';
import { refusals, RULES } from './restricted.mjs';

const { parseAllDocuments, parse } = await import(
	`${process.env.RECIPES_NPM}/node_modules/yaml/dist/index.js`);

const HERE = import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname);
const MANIFESTS = path.join(HERE, '../../docker/kubernetes');
const IMAGE = 'registry.example/linecap:VERSION';
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'recipes-'));
process.on('exit', () => fs.rmSync(scratch, { recursive: true }));

function read(file) {
	return parseAllDocuments(fs.readFileSync(path.join(MANIFESTS, file), 'utf8')).map((document) => {
		assert.deepEqual([...document.errors, ...document.warnings], []);
		return document.toJS();
	});
}

function changed(object, change) {
	const copy = structuredClone(object);
	change(copy);
	return copy;
}

const manifests = fs.readdirSync(MANIFESTS).sort();
const objects = Object.fromEntries(manifests.map((file) => [file, read(file)]));
const pods = Object.entries(objects).filter(([, [{ kind }]]) => kind === 'Pod')
	.map(([file, [pod]]) => [file, pod]);
const policies = ['admission-policy.yaml', 'kyverno-policy.yaml'];
const LABELLED = { linecap: 'enabled' };

for (const file of manifests) {
	claim(`${file} has only fields that Kubernetes knows`, () => objects[file].forEach(checkStrictly));
}
claim('an unknown field, a wrong type, a missing field and an unknown word are refused', () => {
	const [, pod] = pods[0];
	const [policy] = objects['admission-policy.yaml'];
	const [kyverno] = objects['kyverno-policy.yaml'];
	const wrong = [
		changed(pod, ({ spec }) => { spec.containers[0].volumeMount = []; }),
		changed(pod, ({ spec }) => { spec.containers[0].volumeMounts[0].readOnly = 'true'; }),
		changed(pod, ({ spec }) => { spec.containers[0].env = { LD_PRELOAD: 'x' }; }),
		changed(pod, ({ spec }) => { delete spec.containers[0].name; }),
		changed(pod, (object) => { object.apiVersion = 'v2'; }),
		changed(policy, ({ spec }) => { spec.failurePolicy = 'Skip'; }),
		changed(policy, ({ spec }) => { spec.matchConstraints.selector = {}; }),
		changed(kyverno, ({ spec }) => { spec.validations = []; }),
	];
	for (const object of wrong) assert.throws(() => checkStrictly(object), JSON.stringify(object));
});
claim('the image has one name in all manifests', () => {
	for (const file of manifests) {
		const found = fs.readFileSync(path.join(MANIFESTS, file), 'utf8').match(/[^\s'"]*\/linecap:[^\s'"},]*/g);
		assert.deepEqual([...new Set(found)], [IMAGE], file);
	}
});

for (const [file, pod] of pods) {
	claim(`${file} is admitted by PodSecurity "restricted"`, () => assert.deepEqual(refusals(pod), []));
}
for (const { name, breaks } of RULES) {
	claim(`PodSecurity "restricted", ${name}: a pod that breaks it is refused`, () =>
		assert.deepEqual(refusals(changed(pods[0][1], ({ spec }) => breaks(spec))), [name]));
}

// The order that a merge gives a list is its own affair, and to the API an empty list is none.
function sorted(value) {
	if (Array.isArray(value)) {
		return value.map(sorted).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
	}
	if (typeof value !== 'object' || value === null) return value;
	const keys = Object.keys(value).filter((key) => value[key].length !== 0).sort();
	return Object.fromEntries(keys.map((key) => [key, sorted(value[key])]));
}

function kubectlPatch(pod, patch) {
	const file = path.join(scratch, 'pod.json');
	fs.writeFileSync(file, JSON.stringify(pod));
	const words = ['patch', '--local', '--type=strategic', '-o', 'json', '-f', file, '-p', JSON.stringify(patch)];
	const env = { ...process.env, KUBECONFIG: '/dev/null', HOME: scratch };
	return JSON.parse(execFileSync(process.env.RECIPES_KUBECTL, words, { env, encoding: 'utf8', stdio: 'pipe' }));
}

const cases = parse(fs.readFileSync(path.join(HERE, 'pods.yaml'), 'utf8')).map(
	({ name, namespace = LABELLED, labels, spec, after = spec }) => ({
		name,
		namespace,
		pod: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'pod', ...labels && { labels } }, spec },
		after,
	}));

for (const file of policies) {
	const policy = new Policy(objects[file]);
	for (const { name, namespace, pod, after } of cases) {
		claim(`${file}: ${name}`, () => {
			checkStrictly(pod);
			const admitted = policy.admit(pod, namespace);
			assert.deepEqual(admitted, { ...pod, spec: after });
			assert.deepEqual(policy.admit(admitted, namespace), admitted, 'the second time');
		});
	}
	for (const [recipe, pod] of pods) {
		claim(`${file}: the pod of ${recipe} stays as it is`, () => {
			assert.deepEqual(policy.admit(pod, LABELLED), pod);
		});
	}
	claim(`${file}: a pod that "restricted" admits is admitted afterwards`, () => {
		const pod = changed(pods[0][1], ({ spec }) => { delete spec.initContainers; delete spec.volumes; });
		assert.deepEqual(refusals(policy.admit(pod, LABELLED)), []);
	});
}
claim('the two policies hold the same expressions', () => {
	const [ours, kyvernos] = policies.map((file) => structuredClone(objects[file][0].spec));
	delete kyvernos.matchConstraints.namespaceSelector;
	assert.deepEqual(kyvernos, ours);
});
claim('the policies change pods when they are created, and never stand in the way', () => {
	for (const file of policies) {
		const { failurePolicy, matchConstraints: { resourceRules } } = objects[file][0].spec;
		assert.equal(failurePolicy, 'Ignore');
		assert.deepEqual(resourceRules, [
			{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }]);
	}
});

function withMutation(cel) {
	return new Policy(changed(objects['admission-policy.yaml'], ([{ spec }]) => {
		spec.mutations[0].applyConfiguration.expression = cel;
	}));
}

claim('a bad expression is refused', () => {
	const [{ pod }] = cases;
	const bad = [
		['Object{spec: Object.spec{}', /Expected RBRACE/],
		['Object{spec: Object.spec{hostname: nobody}}', /Unknown variable: nobody/],
		['Object{spec: Object.spec{hostname: object.spec.hostname}}', /No such key: hostname/],
		['Object{spec: Object.spec{host: "x"}}', /V1PodSpec has no host/],
		['Object{spec: Object.specs{}}', /no such type/],
		['Object{spec: Object.metadata{}}', /Object: the type of spec/],
		['Object{spec: {"hostname": "x"}}', /Object: the type of spec/],
		['Object{spec: Object.spec{hostname: true}}', /true is no string/],
		['Object{spec: Object.spec{containers: [Object.spec.containers{name: "app", args: ["x"]}]}}', /args is an atomic list/],
		['Object{spec: Object.spec{nodeSelector: Object.spec.nodeSelector{disk: "ssd"}}}', /nodeSelector is atomic/],
		['Object{spec: Object.spec{containers: [Object.spec.containers{image: "x"}]}}', /name is missing/],
		['"spec"', /is a string and no map/],
	];
	assert.equal(withMutation('Object{spec: Object.spec{hostname: "x"}}')
		.admit(pod, LABELLED).spec.hostname, 'x');
	for (const [cel, message] of bad) assert.throws(() => withMutation(cel).admit(pod, LABELLED), message);
});

if (!process.env.RECIPES_NO_KUBECTL) {
	const policy = new Policy(objects['admission-policy.yaml']);
	for (const { name, namespace, pod, after } of cases) {
		const patches = policy.patches(pod, namespace);
		if (!patches.length) continue;
		claim(`kubectl patch --local: ${name}`, () =>
			assert.deepEqual(sorted(patches.reduce(kubectlPatch, pod).spec), sorted(after)));
	}
	claim('kubectl patch --local takes another patch for another', () => {
		const [{ pod, after }] = cases;
		const other = kubectlPatch(pod, { spec: { containers: [{ name: 'other', image: 'x' }] } });
		assert.notDeepEqual(sorted(other.spec), sorted(after));
		assert.throws(() => kubectlPatch(pod, { spec: { containers: [{ image: 'x' }] } }));
		assert.deepEqual(apply(pod, { spec: { hostname: 'x' } }).spec, kubectlPatch(pod, { spec: { hostname: 'x' } }).spec);
	});
} else {
	console.log(`ok - kubectl patch --local # SKIP ${process.env.RECIPES_NO_KUBECTL}`);
}
