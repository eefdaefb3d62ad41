// PodSecurity "restricted": the rules of Kubernetes' Pod Security Standards for Linux pods, baseline
// and restricted, a row each. breaks() makes of a good pod one that this rule, and no other, refuses.
const SAFE_SYSCTLS = [
	'kernel.shm_rmid_forced', 'net.ipv4.ip_local_port_range', 'net.ipv4.ip_local_reserved_ports',
	'net.ipv4.ip_unprivileged_port_start', 'net.ipv4.ping_group_range', 'net.ipv4.tcp_fin_timeout',
	'net.ipv4.tcp_keepalive_intvl', 'net.ipv4.tcp_keepalive_probes', 'net.ipv4.tcp_keepalive_time',
	'net.ipv4.tcp_rmem', 'net.ipv4.tcp_syncookies', 'net.ipv4.tcp_wmem',
];
const VOLUMES = [
	'configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'image', 'persistentVolumeClaim',
	'projected', 'secret',
];
const SELINUX_TYPES = [
	'', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t',
];
const PROFILES = ['RuntimeDefault', 'Localhost'];

function containersOf(spec) {
	return ['initContainers', 'containers', 'ephemeralContainers'].flatMap((list) => spec[list] ?? []);
}

// The pod's own securityContext and each container's
function contextsOf(spec) {
	return [spec, ...containersOf(spec)].map(({ securityContext = {} }) => securityContext);
}

// Each container says it, or the pod says it for those that don't.
function everywhere(spec, says) {
	const pod = spec.securityContext ?? {};
	return containersOf(spec).every(({ securityContext }) => says({ ...pod, ...securityContext }));
}

function handlersOf({ lifecycle = {}, livenessProbe, readinessProbe, startupProbe }) {
	return [lifecycle.postStart, lifecycle.preStop, livenessProbe, readinessProbe, startupProbe];
}

export const RULES = [
	{
		name: 'no HostProcess',
		holds: (spec) => contextsOf(spec).every((context) => !context.windowsOptions?.hostProcess),
		breaks: (spec) => { spec.securityContext.windowsOptions = { hostProcess: true }; },
	}, {
		name: 'no namespaces of the host',
		holds: (spec) => !spec.hostNetwork && !spec.hostPID && !spec.hostIPC,
		breaks: (spec) => { spec.hostPID = true; },
	}, {
		name: 'not privileged',
		holds: (spec) => contextsOf(spec).every((context) => !context.privileged),
		breaks: (spec) => { spec.containers[0].securityContext.privileged = true; },
	}, {
		name: 'no ports of the host',
		holds: (spec) => containersOf(spec).every(({ ports = [] }) => !ports.some((port) => port.hostPort)),
		breaks: (spec) => { spec.containers[0].ports = [{ containerPort: 80, hostPort: 80 }]; },
	}, {
		name: 'no probe of another host',
		holds: (spec) => containersOf(spec).flatMap(handlersOf).every(
			(handler) => !handler?.httpGet?.host && !handler?.tcpSocket?.host),
		breaks: (spec) => { spec.containers[0].livenessProbe = { httpGet: { port: 80, host: 'other' } }; },
	}, {
		name: 'AppArmor stays on',
		holds: (spec) => contextsOf(spec).every(
			({ appArmorProfile }) => [undefined, ...PROFILES].includes(appArmorProfile?.type)),
		breaks: (spec) => { spec.securityContext.appArmorProfile = { type: 'Unconfined' }; },
	}, {
		name: 'SELinux options are a container\'s',
		holds: (spec) => contextsOf(spec).every(({ seLinuxOptions: { type = '', user, role } = {} }) =>
			SELINUX_TYPES.includes(type) && !user && !role),
		breaks: (spec) => { spec.securityContext.seLinuxOptions = { type: 'spc_t' }; },
	}, {
		name: 'the default /proc',
		holds: (spec) => contextsOf(spec).every(({ procMount = 'Default' }) => procMount === 'Default'),
		breaks: (spec) => { spec.containers[0].securityContext.procMount = 'Unmasked'; },
	}, {
		name: 'safe sysctls',
		holds: (spec) => (spec.securityContext?.sysctls ?? []).every(
			({ name }) => SAFE_SYSCTLS.includes(name)),
		breaks: (spec) => { spec.securityContext.sysctls = [{ name: 'kernel.msgmax', value: '1' }]; },
	}, {
		name: 'volumes of the known kinds',
		holds: (spec) => (spec.volumes ?? []).every((volume) => VOLUMES.some((kind) => volume[kind])),
		breaks: (spec) => { spec.volumes = [{ name: 'host', hostPath: { path: '/' } }]; },
	}, {
		name: 'no privilege escalation',
		holds: (spec) => containersOf(spec).every(
			({ securityContext }) => securityContext?.allowPrivilegeEscalation === false),
		breaks: (spec) => { delete spec.containers[0].securityContext.allowPrivilegeEscalation; },
	}, {
		name: 'not as root, said',
		holds: (spec) => everywhere(spec, ({ runAsNonRoot }) => runAsNonRoot === true),
		breaks: (spec) => { delete spec.securityContext.runAsNonRoot; },
	}, {
		name: 'not as uid 0',
		holds: (spec) => contextsOf(spec).every(({ runAsUser }) => runAsUser !== 0),
		breaks: (spec) => { spec.containers[0].securityContext.runAsUser = 0; },
	}, {
		name: 'a seccomp profile',
		holds: (spec) => everywhere(spec, ({ seccompProfile }) => PROFILES.includes(seccompProfile?.type)),
		breaks: (spec) => { delete spec.securityContext.seccompProfile; },
	}, {
		name: 'all capabilities dropped',
		holds: (spec) => containersOf(spec).every(
			({ securityContext }) => securityContext?.capabilities?.drop?.includes('ALL')),
		breaks: (spec) => { spec.containers[0].securityContext.capabilities.drop = ['NET_RAW']; },
	}, {
		name: 'no capability added but NET_BIND_SERVICE',
		holds: (spec) => containersOf(spec).every(({ securityContext }) =>
			(securityContext?.capabilities?.add ?? []).every((name) => name === 'NET_BIND_SERVICE')),
		breaks: (spec) => { spec.containers[0].securityContext.capabilities.add = ['SYS_PTRACE']; },
	},
];

export function refusals(pod) {
	return RULES.filter(({ holds }) => !holds(pod.spec)).map(({ name }) => name);
}
