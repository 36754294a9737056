import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';

// Reads compose.yaml and the Kubernetes manifest and checks what must not get lost.

const ROOT = resolve(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

checkCompose((parse(read('compose.yaml')) as { services: { mcp: ComposeService } }).services.mcp);
const [deployment = '', service = '', policy = ''] = read('deploy/kubernetes/server.yaml').split(/^---$/m);
checkDeployment(parse(deployment) as Deployment);
checkService(parse(service) as Service, parse(deployment) as Deployment);
checkPolicy(parse(policy) as NetworkPolicy, parse(deployment) as Deployment);
console.log('compose.yaml and deploy/kubernetes/server.yaml say what they must.');

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
    readonly replicas: number;
    readonly strategy: { readonly type: string };
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

function checkDeployment({ kind, spec }: Deployment): void {
  assert.equal(kind, 'Deployment');
  assert.equal(spec.replicas, 1, 'sessions live in the memory of one process');
  assert.equal(spec.strategy.type, 'Recreate');
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
