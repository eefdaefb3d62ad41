// What a MutatingAdmissionPolicy, or Kyverno's MutatingPolicy, makes of a pod: selectors, conditions,
// variables, mutations. CEL is npm's @marcbachmann/cel-js. Two things it hasn't are here: Object{…}, which
// becomes a call of construct(), and the merge by the rules of server-side apply.
import assert from 'node:assert/strict';
import { check, checkStrictly, elementOf, fieldsOf } from './models.mjs';

const { Environment } = await import(
	`${process.env.RECIPES_NPM}/node_modules/@marcbachmann/cel-js/lib/index.js`);

// The lists of a pod that merge, and by what; all others are atomic, which ApplyConfiguration refuses.
const KEYS = {
	containers: 'name', initContainers: 'name', volumes: 'name', env: 'name', volumeMounts: 'mountPath',
};
const ATOMIC = ['nodeSelector', 'configMapKeyRef', 'secretKeyRef', 'fieldRef', 'resourceFieldRef'];

const TOKEN = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|Object(?:\.\w+)*(?=\s*\{)|\w+|\s+|./gs;

// Object.spec{volumes: x} becomes construct("Object.spec", {"volumes": x}); nothing else changes.
export function withCalls(cel) {
	const open = []; // for each open bracket, what its end needs
	let text = '', constructs = false, atField = false;
	for (const [token] of cel.matchAll(TOKEN)) {
		const isField = atField && /^\w+$/.test(token);
		if (token.trim()) atField = false;
		if (/^Object\b/.test(token)) {
			text += `construct("${token}", `;
			constructs = true;
			continue;
		}
		text += isField ? `"${token}"` : token;
		if ('([{'.includes(token)) {
			open.push(constructs ? ')' : '');
			atField = constructs;
			constructs = false;
		} else if (')]}'.includes(token)) {
			text += open.pop();
		} else if (token === ',') {
			atField = open.at(-1) === ')';
		}
	}
	return text;
}

// The model behind Object.spec.volumes
function modelAt(type) {
	return type.split('.').slice(1).reduce((model, field) => {
		const [found] = fieldsOf(model)?.[field] ?? assert.fail(`${type}: no such type`);
		return elementOf(found) ?? found;
	}, 'V1Pod');
}

// As in the API server, what is constructed stands where its type says.
function environment() {
	const typeOf = new WeakMap();
	return new Environment({ homogeneousAggregateLiterals: false, enableOptionalTypes: true })
		.registerVariable('object', 'dyn')
		.registerVariable('variables', 'dyn')
		.registerFunction('construct(string, map): map', (type, fields) => {
			const object = Object.fromEntries(fields instanceof Map ? fields : Object.entries(fields));
			for (const [name, value] of Object.entries(object)) {
				for (const one of [value].flat()) {
					if (typeof one !== 'object') continue;
					assert.equal(typeOf.get(one), `${type}.${name}`, `${type}: the type of ${name}`);
				}
			}
			check(object, modelAt(type), type, { partial: true });
			typeOf.set(object, type);
			return object;
		});
}

function evaluate(cel, type, context) {
	const text = withCalls(cel);
	const env = environment();
	const { valid, type: found, error } = env.check(text);
	if (!valid) throw error;
	assert.ok(type === 'dyn' || found === type, `${cel} is a ${found} and no ${type}`);
	return env.evaluate(text, context);
}

export function selects(selector, labels = {}) {
	const { matchLabels = {}, matchExpressions = [] } = selector ?? {};
	const holds = {
		In: ({ key, values }) => values.includes(labels[key]),
		NotIn: ({ key, values }) => !values.includes(labels[key]),
		Exists: ({ key }) => key in labels,
		DoesNotExist: ({ key }) => !(key in labels),
	};
	return Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
		matchExpressions.every((expression) => holds[expression.operator](expression));
}

export function apply(live, patch) {
	const result = { ...live };
	for (const [name, value] of Object.entries(patch)) {
		assert.ok(!ATOMIC.includes(name), `${name} is atomic`);
		if (Array.isArray(value)) {
			const key = KEYS[name] ?? assert.fail(`${name} is an atomic list`);
			const list = [...live[name] ?? []];
			for (const item of value) {
				assert.ok(item[key], `${name}: ${key} is missing`);
				const at = list.findIndex((other) => other[key] === item[key]);
				if (at < 0) list.push(item);
				else list[at] = apply(list[at], item);
			}
			if (list.length) result[name] = list;
		} else {
			result[name] = typeof value === 'object' ? apply(live[name] ?? {}, value) : value;
		}
	}
	return result;
}

export class Policy {
	constructor(objects) {
		this.spec = objects[0].spec;
		const { namespaceSelector } = objects[1]?.spec.matchResources ?? this.spec.matchConstraints;
		this.namespaceSelector = namespaceSelector;
	}

	// The patches that the policy has for a pod; none if it isn't meant.
	patches(pod, namespaceLabels) {
		const { matchConstraints, matchConditions, variables = [], mutations } = this.spec;
		if (!selects(this.namespaceSelector, namespaceLabels)) return [];
		if (!selects(matchConstraints.objectSelector, pod.metadata.labels)) return [];
		const context = { object: pod, variables: {} };
		if (!matchConditions.every(({ expression }) => evaluate(expression, 'bool', context))) return [];
		for (const { name, expression } of variables) {
			context.variables[name] = evaluate(expression, 'dyn', context);
		}
		return mutations.map((mutation) =>
			evaluate(mutation.applyConfiguration.expression, 'map', context));
	}

	admit(pod, namespaceLabels) {
		const after = this.patches(pod, namespaceLabels).reduce(apply, pod);
		checkStrictly(after);
		return after;
	}
}
