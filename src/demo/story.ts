import { ApiClient, ApiProblem } from './api-client.js';
import { bad, faint, good, type Screen } from './screen.js';
import { isAsPredicted, waitFor, type BeliefCounts, type Cluster, type ClusterVerdict, type FailoverEvent, type FailoverView, type HubView, type ImportView, type PlanReadiness,
  type PrerequisiteView, type RestoreView, type SetView, type Stage, type TokenView } from './story.types.js';

const TICKET = { system: 'servicenow', id: 'a1b2c3', number: 'CHG0040001', url: 'https://tickets.example.com/CHG0040001' };

/** What the demo tells, in order. Everything goes through the public REST API, as a user would call it. */
export class Story {
  constructor(private readonly api: ApiClient, private readonly stage: Stage, private readonly screen: Screen) {}

  /** @returns whether everything that was predicted happened, and nothing else */
  async tell(): Promise<boolean> {
    const { east, west } = await this.registerHubs();
    await this.protect(east);
    await this.backUp(east, west);
    const planId = await this.makePlan(east, west);
    await this.loseTheSource(east, planId);
    const approver = await this.approver();
    const failover = await this.failOver(planId, approver);
    return this.compare(failover);
  }

  private async registerHubs(): Promise<{ east: HubView; west: HubView }> {
    this.screen.title('1. Two hubs are registered');
    const register = (name: 'hub-east' | 'hub-west') => this.api.post<HubView>('/hubs', { name, kubeconfig: this.stage.kubeconfig(name) });
    const [east, west] = [await register('hub-east'), await register('hub-west')];
    for (const hub of [east, west]) {
      this.screen.step(`${hub.name}: RHACM ${hub.release ?? 'unknown'}, cluster id ${hub.clusterId ?? 'unknown'}`);
      await this.showPrerequisites(hub);
      const missing = await this.missingComponents(hub);
      if (missing.length === 0) continue;
      await this.api.post(`/hubs/${hub.id}/components`, { enable: missing, reason: 'Prepare the hub for disaster recovery' });
      this.screen.step(`${hub.name}: turned on ${missing.join(', ')}`);
      await waitFor(async () => (await this.missingComponents(hub)).length === 0, `the components of ${hub.name}`);
      await this.inspectUntil(hub, 'MANAGED_SERVICE_ACCOUNT_ADDON_PRESENT');
      await this.showPrerequisites(hub);
    }
    return { east, west };
  }

  private async showPrerequisites(hub: HubView): Promise<void> {
    const { items } = await this.api.get<{ items: PrerequisiteView[] }>(`/hubs/${hub.id}/prerequisites`);
    for (const { code, state, cause, remedy } of items) {
      const mark = state === 'MET' ? good('met    ') : state === 'NOT_MET' ? bad('not met') : 'unknown';
      this.screen.line(`${mark} ${code}: ${cause}${state === 'MET' || remedy === '' ? '' : faint(` → ${remedy}`)}`);
    }
  }

  private async missingComponents(hub: HubView): Promise<string[]> {
    const { items } = await this.api.get<{ items: PrerequisiteView[] }>(`/hubs/${hub.id}/prerequisites`);
    const component: Record<string, string> = { MANAGED_SERVICE_ACCOUNT_ENABLED: 'MANAGED_SERVICE_ACCOUNT', CLUSTER_BACKUP_ENABLED: 'CLUSTER_BACKUP' };
    return items.filter(({ code, state }) => state === 'NOT_MET' && component[code]).map(({ code }) => component[code]!);
  }

  private async inspectUntil(hub: HubView, code: string): Promise<void> {
    await waitFor(async () => {
      const { items } = await this.api.post<{ items: PrerequisiteView[] }>(`/hubs/${hub.id}/inspections`, {});
      return items.some((item) => item.code === code && item.state === 'MET');
    }, `${code} on ${hub.name}`);
  }

  private async protect(east: HubView): Promise<void> {
    this.screen.title('2. hub-east is protected');
    await waitFor(async () => {
      const clusters = await this.api.all<Cluster>(`/clusters?hubId=${east.id}`);
      this.screen.progress('managed clusters seen', clusters.length, this.stage.clusterCount);
      return clusters.length >= this.stage.clusterCount;
    }, 'the fleet');
    const clusters = await this.api.all<Cluster>(`/clusters?hubId=${east.id}`);
    const origins = new Map<string, number>();
    for (const { origin } of clusters) origins.set(origin, (origins.get(origin) ?? 0) + 1);
    this.screen.step(`${clusters.length} managed clusters: ${[...origins].map(([origin, n]) => `${n} ${origin.toLowerCase()}`).join(', ')}`);

    await this.api.patch(`/hubs/${east.id}`, { policy: 'PROTECT' });
    const imported = origins.get('IMPORTED') ?? 0;
    const expected = imported - this.stage.clustersWithoutToken;
    await waitFor(async () => {
      const tokens = await this.api.all<TokenView>(`/tokens?hubId=${east.id}`);
      const labelled = new Set(tokens.filter((token) => token.secretPresent && token.inBackupSelection).map((token) => token.cluster)).size;
      this.screen.progress(`of ${imported} imported clusters have a labelled token`, labelled, expected);
      return labelled >= expected;
    }, 'the tokens');
    const problems = new Map<string, number>();
    for (const token of await this.api.all<TokenView>(`/tokens?hubId=${east.id}`)) {
      if (token.problemCode && token.account === 'auto-import-account') problems.set(token.problemCode, (problems.get(token.problemCode) ?? 0) + 1);
    }
    this.screen.step('each imported cluster has its add-on, account and role binding; tokens are labelled for the backup as they appear');
    for (const [code, n] of problems) this.screen.line(`${n} × ${code}`);
  }

  private async backUp(east: HubView, west: HubView): Promise<void> {
    this.screen.title('3. A moment later, hub-east backs up');
    await this.stage.letAMomentPass();
    await this.api.put(`/hubs/${east.id}/backup-schedule`, {
      cron: '0 */4 * * *', veleroTtl: '120h', useManagedServiceAccount: true, reason: 'The fleet needs a backup every four hours',
    });
    this.screen.step('a BackupSchedule every four hours is made; its first set starts');
    let shown: SetView | undefined;
    await waitFor(async () => {
      const sets = await this.api.all<SetView>(`/backup-sets?hubId=${east.id}`);
      shown = sets.find((set) => set.status === 'COMPLETE' && set.shownByHubIds.includes(west.id));
      this.screen.progress('backup set complete and seen by hub-west', shown ? 1 : 0, 1);
      return shown !== undefined;
    }, 'the first backup set');
    this.screen.step(`backup set ${shown!.credentialsBackup} is complete, and hub-west sees it`);
    await this.showEvidence(shown!);
  }

  /** What the set holds, by Velero's own record: asked for over the hubs, read from the storage. */
  private async showEvidence({ id }: SetView): Promise<void> {
    let set: SetView | undefined;
    await waitFor(async () => {
      set = await this.api.get<SetView>(`/backup-sets/${id}`);
      return set.tokenCounts.unknown === 0 && set.members.every(({ record }) => record === 'READ');
    }, 'Velero\u2019s own record of the backups');
    const { tokenCounts: tokens, clusterCounts: clusters, members } = set!;
    const sum = (counts: BeliefCounts): number => Object.values(counts).reduce((total, count) => total + count, 0);
    this.screen.step(`Velero\u2019s own record of its ${members.length} backups is read: ${tokens.verifiedIn + tokens.verifiedOut} of ${sum(tokens)} tokens and ${clusters.verifiedIn + clusters.verifiedOut} of ${sum(clusters)} clusters are verified`);
    this.screen.line(`tokens inside ${tokens.verifiedIn}, outside ${tokens.verifiedOut}; clusters inside ${clusters.verifiedIn}, outside ${clusters.verifiedOut}`);
  }

  private async makePlan(east: HubView, west: HubView): Promise<string> {
    this.screen.title('4. A recovery plan, and what it would bring');
    const plan = await this.api.post<{ id: string }>('/plans', {
      name: 'east-to-west', sourceHubId: east.id, targetHubId: west.id, rpoSeconds: 4 * 3600, rtoSeconds: 3600, importWindowSeconds: 3600,
    });
    const down = this.stage.loseSomeClusters();
    await waitFor(async () => (await this.api.all<Cluster>(`/clusters?hubId=${east.id}&available=UNKNOWN`)).length >= down, 'hub-east to see which clusters are down');
    this.screen.step(`${down} clusters are down by now, as hub-east sees`);
    await this.showReadiness(plan.id, 'If hub-east died now');
    return plan.id;
  }

  private async showReadiness(planId: string, when: string): Promise<PlanReadiness> {
    const readiness = await this.api.get<PlanReadiness>(`/plans/${planId}/readiness`);
    const { counts } = readiness;
    this.screen.step(`${when}: ${readiness.clustersRecoverable} of ${readiness.clustersTotal} clusters would come back (plan ${readiness.verdict})`);
    this.screen.line(Object.entries(counts).map(([verdict, n]) => `${verdict} ${n}`).join('   '));
    if (readiness.byCode.length > 0) {
      const example = new Map((await this.api.all<ClusterVerdict>(`/plans/${planId}/readiness/clusters`)).filter((c) => c.code).map((c) => [c.code!, c] as const));
      this.screen.table(['clusters', 'verdict', 'why', 'for example'], readiness.byCode.map(({ code, verdict, count }) => [
        String(count), verdict, code, example.has(code) ? `${example.get(code)!.cluster}: ${example.get(code)!.findings[0]?.cause ?? ''}` : '']));
    }
    return readiness;
  }

  private async loseTheSource(east: HubView, planId: string): Promise<void> {
    this.screen.title('5. hub-east dies; twelve hours go by before anyone may act');
    await this.stage.loseEast();
    await waitFor(async () => (await this.api.get<HubView>(`/hubs/${east.id}`)).reachability === 'UNREACHABLE', 'the loss to be noticed');
    this.screen.step('hub-east does not answer any more');
    await this.stage.advanceMinutes(12 * 60);
    await this.showReadiness(planId, 'With hub-east dead, twelve hours on');
  }

  private async approver(): Promise<ApiClient> {
    const { key } = await this.api.post<{ key: string }>('/api-keys', { name: 'duty-manager', roles: ['viewer', 'approver'] });
    return this.api.as(key);
  }

  private async failOver(planId: string, approver: ApiClient): Promise<FailoverView> {
    this.screen.title('6. The failover');
    const request = { kind: 'DISASTER', reason: 'hub-east lost its storage at 03:00', correlation: TICKET };
    const failover = await this.api.post<FailoverView>(`/plans/${planId}/failovers`, request, TICKET.number);
    const again = await this.api.post<FailoverView>(`/plans/${planId}/failovers`, request, TICKET.number);
    this.screen.step(`${TICKET.number} starts it; sent twice, it is one failover: ${failover.id === again.id}`);
    let approved = false;
    let following: Promise<void> | undefined;
    for await (const event of this.api.events<FailoverEvent>(`/failovers/${failover.id}/events`)) {
      this.screen.step(event.summary);
      if (!approved && (await this.api.get<FailoverView>(`/failovers/${failover.id}`)).status === 'PENDING_APPROVAL') {
        approved = true;
        await this.refuseOwnApproval(failover.id);
        await approver.post(`/failovers/${failover.id}/approvals`, { decision: 'APPROVED', reason: 'Confirmed with the storage team', evidence: { number: TICKET.number, url: TICKET.url } });
      }
      if (!following && (await this.api.get<FailoverView>(`/failovers/${failover.id}`)).status === 'IMPORTING') following = this.followImports(failover.id);
    }
    await following;
    return this.api.get<FailoverView>(`/failovers/${failover.id}`);
  }

  private async refuseOwnApproval(id: string): Promise<void> {
    try {
      await this.api.post(`/failovers/${id}/approvals`, { decision: 'APPROVED', reason: 'I am sure' });
      throw new Error('The requester could approve the own failover');
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      this.screen.step(`its requester may not approve it: ${error.code}`);
    }
  }

  /** Shows how many clusters have an outcome; once nothing moves any more, the hour in which imports are retried goes by in no time. */
  private async followImports(id: string): Promise<void> {
    let [open, quietLooks] = [Infinity, 0];
    while ((await this.api.get<FailoverView>(`/failovers/${id}`)).status === 'IMPORTING') {
      const now = await this.openImports(id);
      quietLooks = now === open ? quietLooks + 1 : 0;
      open = now;
      if (quietLooks >= 12) {
        this.screen.step(`${open} clusters do not answer: the hour in which they are tried again goes by`);
        await this.stage.advanceMinutes(61);
        quietLooks = 0;
      }
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }

  private async openImports(id: string): Promise<number> {
    const imports = await this.api.all<ImportView>(`/failovers/${id}/imports`);
    const open = imports.filter(({ state }) => state === 'WAITING' || state === 'IMPORTING').length;
    this.screen.progress('clusters have an outcome', imports.length - open, imports.length);
    return open;
  }

  private async compare(failover: FailoverView): Promise<boolean> {
    this.screen.title('7. Predicted against happened');
    const imports = await this.api.all<ImportView>(`/failovers/${failover.id}/imports`);
    const groups = new Map<string, { row: string[]; count: number; right: boolean }>();
    const surprises: string[][] = [];
    for (const item of imports) {
      const right = isAsPredicted(item);
      const row = [item.predictedVerdict, item.predictedCode ?? '', item.state, item.outcomeCode ?? ''];
      const key = row.join('|');
      const group = groups.get(key) ?? { row, count: 0, right };
      group.count += 1;
      groups.set(key, group);
      if (!right) surprises.push([item.cluster, ...row, item.message ?? '']);
    }
    this.screen.table(['clusters', 'predicted', 'because', 'happened', 'outcome', 'as predicted'],
      [...groups.values()].sort((a, b) => b.count - a.count).map(({ row, count, right }) => [String(count), ...row, right ? 'yes' : 'NO']));
    if (surprises.length > 0) {
      this.screen.title('Clusters where it came otherwise');
      this.screen.table(['cluster', 'predicted', 'because', 'happened', 'outcome', 'message'], surprises);
    }

    this.screen.title('The steps');
    this.screen.table(['step', 'result', 'seconds'], failover.steps.map((step) => [step.step, step.result ?? 'open', seconds(step.intentAt, step.outcomeAt)]));

    const [restore] = await this.api.all<RestoreView>(`/restores?failoverId=${failover.id}`);
    this.screen.title('The restore, in the history');
    if (restore) {
      const hub = (await this.api.get<HubView>(`/hubs/${restore.hubId}`)).name;
      this.screen.table(['restore', 'hub', 'mode', 'phase', 'outcome', 'asked by', 'reason'],
        [[restore.name, hub, restore.mode, restore.phase ?? '', restore.outcome ?? '', restore.actor, restore.reason]]);
      for (const velero of restore.veleroRestores) this.screen.line(`${velero.name}: ${velero.phase}`);
    }
    const returned = imports.filter(({ state }) => state === 'RECONNECTED').length;
    const clean = surprises.length === 0 && restore !== undefined && failover.status.startsWith('COMPLETED');
    this.screen.title(clean
      ? `${returned} imported clusters came back to hub-west; every other one ended with the reason that was predicted.`
      : `${surprises.length} clusters came otherwise than predicted; the failover is ${failover.status}.`);
    return clean;
  }
}

const seconds = (from: string | null, to: string | null): string => (from && to ? ((Date.parse(to) - Date.parse(from)) / 1000).toFixed(1) : '');
