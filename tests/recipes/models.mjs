// Whether an object is what the Kubernetes API takes: each field is known, has its type, and what is
// required is there. The facts are the models that Kubernetes' own JavaScript client is generated with
// (npm @kubernetes/client-node, the declarations of dist/gen/models); Kyverno's are its CRD's.
import fs from 'node:fs';

const PACKAGES = `${process.env.RECIPES_NPM}/node_modules`;
const MODELS = `${PACKAGES}/@kubernetes/client-node/dist/gen/models`;

// Of the fields of Kyverno's MutatingPolicy only those that a MutatingAdmissionPolicy has as well.
const KYVERNO = {
	MutatingPolicy: {
		apiVersion: ['string', true], kind: ['string', true], metadata: ['V1ObjectMeta', true],
		spec: ['MutatingPolicySpec', true],
	},
	MutatingPolicySpec: {
		failurePolicy: ['string', false], reinvocationPolicy: ['string', false],
		matchConstraints: ['V1MatchResources', true],
		matchConditions: ['Array<V1MatchCondition>', false],
		variables: ['Array<V1Variable>', false], mutations: ['Array<V1Mutation>', true],
	},
};

// What the models say is a string may be one of a few.
const WORDS = {
	failurePolicy: ['Fail', 'Ignore'],
	reinvocationPolicy: ['Never', 'IfNeeded'],
	patchType: ['ApplyConfiguration', 'JSONPatch'],
	operations: ['CREATE', 'UPDATE', 'DELETE', 'CONNECT', '*'],
	pullPolicy: ['Always', 'Never', 'IfNotPresent'],
	restartPolicy: ['Always', 'OnFailure', 'Never'],
};

const known = new Map(Object.entries(KYVERNO));

// {field: [type, required]}, or undefined
export function fieldsOf(model) {
	if (!known.has(model)) {
		const file = `${MODELS}/${model}.d.ts`;
		if (!fs.existsSync(file)) return undefined;
		const lines = fs.readFileSync(file, 'utf8').matchAll(/^ {4}'_?(\w+)'(\??): (\{[^}]*\}|[^;]*);$/gm);
		const fields = [...lines].map(([, name, optional, type]) =>
			[name, [type.replace(/\s+/g, ' '), !optional]]);
		known.set(model, Object.fromEntries(fields));
	}
	return known.get(model);
}

export function elementOf(type) {
	return type.match(/^Array<(.*)>$/)?.[1];
}

function modelOf({ apiVersion = '', kind = '' }) {
	if (apiVersion === 'policies.kyverno.io/v1') return kind;
	const version = apiVersion.split('/').at(-1);
	return version.charAt(0).toUpperCase() + version.slice(1) + kind;
}

// partial: what is required may be missing, as in a patch.
export function check(value, type, path, { partial }) {
	const wrong = (what) => { throw new Error(`${path}: ${what}`); };
	const values = type.match(/^\{ \[key: string\]: (.*); \}$/)?.[1];
	const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
	if (type === 'any') return;
	if (['string', 'number', 'boolean'].includes(type)) {
		if (typeof value !== type) wrong(`${JSON.stringify(value)} is no ${type}`);
	} else if (type === 'IntOrString') {
		if (!['string', 'number'].includes(typeof value)) wrong('neither number nor string');
	} else if (elementOf(type)) {
		if (!Array.isArray(value)) wrong('no list');
		value.forEach((element, i) => check(element, elementOf(type), `${path}[${i}]`, { partial }));
	} else if (values) {
		if (!isObject) wrong('no map');
		for (const key of Object.keys(value)) check(value[key], values, `${path}.${key}`, { partial });
	} else if (!fieldsOf(type)) {
		wrong(`no model ${type}`);
	} else if (!isObject) {
		wrong(`no ${type}`);
	} else {
		checkFields(value, type, path, { partial });
	}
}

function checkFields(value, model, path, { partial }) {
	const fields = fieldsOf(model);
	for (const [name, [type, required]] of Object.entries(fields)) {
		if (value[name] !== undefined) check(value[name], type, `${path}.${name}`, { partial });
		else if (required && !partial) throw new Error(`${path}: ${name} is missing`);
		const words = [value[name] ?? []].flat();
		const odd = words.find((word) => WORDS[name] && !WORDS[name].includes(word));
		if (odd) throw new Error(`${path}.${name}: ${odd}`);
	}
	const odd = Object.keys(value).find((name) => !(name in fields));
	if (odd) throw new Error(`${path}: ${model} has no ${odd}`);
}

export function checkStrictly(object) {
	check(object, modelOf(object), object.kind ?? '?', { partial: false });
}
