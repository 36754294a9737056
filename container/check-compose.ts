import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';

// Reads the compose files and the Kubernetes manifests and checks what must not get lost.

const ROOT = resolve(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

checkCompose((parse(read('compose.yaml')) as { services: { mcp: ComposeService } }).services.mcp);
const [deployment = '', service = '', policy = ''] = read('deploy/kubernetes/server.yaml').split(/^---$/m);
checkDeployment(parse(deployment) as Deployment);
checkService(parse(service) as Service, parse(deployment) as Deployment);
checkPolicy(parse(policy) as NetworkPolicy, parse(deployment) as Deployment);
checkNodes(read('deploy/kubernetes/nodes.yaml'));
checkComposeOfNodes(parse(read('deploy/compose/compose.yaml'), { merge: true }) as ComposeOfNodes);
console.log('The compose files and the Kubernetes manifests say what they must.');

interface ComposeService {
  readonly environment: {
    readonly PUBLIC_URL: string;
    readonly JWT_SECRET: string;
    readonly SHUTDOWN_GRACE: string;
  };
  readonly healthcheck: { readonly interval: string; readonly test?: unknown };
  readonly mem_limit: string;
  readonly stop_grace_period: string;
  readonly [name: string]: unknown;
}

interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly secretKeyRef?: object };
}

interface Container {
  readonly env: readonly Variable[];
  readonly livenessProbe: { readonly httpGet: { readonly path: string } };
  readonly readinessProbe: { readonly httpGet: { readonly path: string } };
  readonly resources: { readonly limits: Readonly<Record<string, string>> };
  readonly securityContext: Readonly<Record<string, unknown>>;
}

interface Pod {
  readonly terminationGracePeriodSeconds: number;
  readonly enableServiceLinks: boolean;
  readonly securityContext: { readonly runAsNonRoot: boolean };
  readonly containers: readonly [Container];
}

interface Deployment {
  readonly kind: string;
  readonly spec: {
    readonly replicas?: number;
    readonly strategy: { readonly type: string; readonly rollingUpdate?: object };
    readonly selector: { readonly matchLabels: object };
    readonly template: { readonly metadata: { readonly labels: object }; readonly spec: Pod };
  };
}

interface Service {
  readonly kind: string;
  readonly spec: { readonly selector: object };
}

interface NetworkPolicy {
  readonly kind: string;
  readonly spec: {
    readonly podSelector: { readonly matchLabels: object };
    readonly policyTypes: readonly string[];
    readonly ingress: readonly { readonly from: readonly object[]; readonly ports: readonly object[] }[];
  };
}

interface DisruptionBudget {
  readonly kind: string;
  readonly spec: { readonly selector: { readonly matchLabels: object } };
}

interface Autoscaler {
  readonly kind: string;
  readonly spec: { readonly minReplicas: number; readonly scaleTargetRef: { readonly name: string } };
}

interface ComposeNode {
  readonly environment: {
    readonly REDIS_URL: string;
    readonly SHUTDOWN_DELAY: string;
    readonly SHUTDOWN_GRACE: string;
  };
  readonly stop_grace_period: string;
}

interface ComposeOfNodes {
  readonly services: {
    readonly redis: { readonly command: readonly string[] };
    readonly proxy: { readonly ports: readonly string[] };
    readonly 'node-1': ComposeNode;
    readonly 'node-2': ComposeNode;
  };
}

function checkCompose(service: ComposeService): void {
  const { environment, healthcheck } = service;
  assert.equal(service['build'], '.');
  assert.deepEqual(service['ports'], ['127.0.0.1:3001:3001']);
  assert.equal(environment.PUBLIC_URL, '${PUBLIC_URL:-http://localhost:3001}');
  assert.match(environment.JWT_SECRET, /^\$\{JWT_SECRET:\?.+\}$/);
  assert.equal(service['read_only'], true);
  assert.deepEqual(service['cap_drop'], ['ALL']);
  assert.deepEqual(service['security_opt'], ['no-new-privileges:true']);
  assert.ok(seconds(service.stop_grace_period) > seconds(environment.SHUTDOWN_GRACE));
  assert.match(service.mem_limit, /^\d+m$/);
  assert.ok(seconds(healthcheck.interval) > 0);
  for (const own of [service['user'], service['command'], service['entrypoint'], healthcheck.test]) {
    assert.equal(own, undefined, "user, commands and health check are the image's own");
  }
}

/** Checks the manifest of several nodes. */
function checkNodes(text: string): void {
  const [deployment, service, budget, scaler, policy] = text
    .split(/^---$/m)
    .map((part) => parse(part) as Deployment & Service & NetworkPolicy & DisruptionBudget & Autoscaler);
  checkPod(deployment!);
  checkService(service!, deployment!);
  checkPolicy(policy!, deployment!);
  const { replicas, strategy, selector, template } = deployment!.spec;
  assert.equal(replicas, undefined, 'the autoscaler counts the nodes');
  assert.deepEqual(strategy, { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } });
  const env = new Map(template.spec.containers[0].env.map((variable) => [variable.name, variable]));
  assert.ok(env.get('REDIS_URL')?.valueFrom?.secretKeyRef, 'the password of Redis comes from a Secret');
  const stopping = seconds(env.get('SHUTDOWN_DELAY')?.value) + seconds(env.get('SHUTDOWN_GRACE')?.value);
  assert.ok(template.spec.terminationGracePeriodSeconds > stopping);
  assert.deepEqual(
    [budget!.kind, budget!.spec.selector.matchLabels],
    ['PodDisruptionBudget', selector.matchLabels],
  );
  assert.deepEqual(
    [scaler!.kind, scaler!.spec.scaleTargetRef.name],
    ['HorizontalPodAutoscaler', 'nestjs-mcp-server'],
  );
  assert.ok(scaler!.spec.minReplicas > 1);
  assert.ok(JSON.stringify(policy!.spec).includes('6379'), 'Redis may be reached');
}

function checkComposeOfNodes({ services }: ComposeOfNodes): void {
  const { redis, proxy, ...nodes } = services;
  assert.ok(Object.keys(nodes).length > 1);
  for (const { environment, stop_grace_period: grace } of Object.values(nodes)) {
    assert.ok(seconds(grace) > seconds(environment.SHUTDOWN_DELAY) + seconds(environment.SHUTDOWN_GRACE));
    assert.match(environment.REDIS_URL, /^redis:/);
  }
  const command = redis.command.join(' ');
  assert.match(command, /--appendonly yes/);
  assert.match(command, /--maxmemory-policy noeviction/);
  assert.deepEqual(proxy.ports, ['127.0.0.1:8080:8080']);
}

function checkDeployment(deployment: Deployment): void {
  assert.equal(deployment.spec.replicas, 1, 'sessions live in the memory of one process');
  assert.equal(deployment.spec.strategy.type, 'Recreate');
  checkPod(deployment);
}

function checkPod({ kind, spec }: Deployment): void {
  assert.equal(kind, 'Deployment');
  assert.deepEqual(spec.template.metadata.labels, spec.selector.matchLabels);
  const pod = spec.template.spec;
  const [{ env, livenessProbe, readinessProbe, resources, securityContext }] = pod.containers;
  const variable = (wanted: string): Variable | undefined => env.find(({ name }) => name === wanted);
  assert.ok(pod.terminationGracePeriodSeconds > seconds(variable('SHUTDOWN_GRACE')?.value));
  assert.ok(variable('JWT_SECRET')?.valueFrom?.secretKeyRef, 'the key comes from a Secret');
  assert.equal(pod.enableServiceLinks, false, 'links would put unknown settings into the environment');
  assert.equal(pod.securityContext.runAsNonRoot, true);
  assert.equal(securityContext['readOnlyRootFilesystem'], true);
  assert.equal(securityContext['allowPrivilegeEscalation'], false);
  assert.deepEqual(securityContext['capabilities'], { drop: ['ALL'] });
  assert.equal(livenessProbe.httpGet.path, '/health/live');
  assert.equal(readinessProbe.httpGet.path, '/health/ready');
  for (const resource of ['cpu', 'memory', 'ephemeral-storage'])
    assert.ok(resources.limits[resource], resource);
}

function checkService({ kind, spec }: Service, deployment: Deployment): void {
  assert.equal(kind, 'Service');
  assert.deepEqual(spec.selector, deployment.spec.selector.matchLabels);
}

function checkPolicy({ kind, spec }: NetworkPolicy, deployment: Deployment): void {
  assert.equal(kind, 'NetworkPolicy');
  assert.deepEqual(spec.podSelector.matchLabels, deployment.spec.selector.matchLabels);
  assert.deepEqual(spec.policyTypes, ['Ingress', 'Egress']);
  for (const { from, ports } of spec.ingress) {
    assert.ok(from.length > 0, 'the server is not reached from everywhere');
    assert.deepEqual(ports, [{ port: 'http', protocol: 'TCP' }]);
  }
}

function seconds(duration: string | undefined): number {
  const [, amount] = /^(\d+)s$/.exec(duration ?? '') ?? [];
  assert.ok(amount, `${duration} is not in seconds`);
  return Number(amount);
}
