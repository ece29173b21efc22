// Opens every sample page in Debian's Chromium, with the content security policy it was sent with, and lets axe judge
// it: with scripts on a narrow screen and a middle one, without on a wide one, each in light; and what colours decide in dark and in
// forced colours too. Also: nothing may reach wider than the screen at 320 pixels (400 % zoom of 1,280), and no console line may
// complain. A page in another language is looked at once.
//
//   node axe.mjs FOLDER     the folder that FIVEBAR_SAMPLES named when the samples were rendered

import { createServer } from 'node:http'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'

import { AxeBuilder } from '@axe-core/playwright'
import { chromium } from 'playwright-core'

const folder = process.argv[2]
const browserPath = process.env.FIVEBAR_CHROMIUM ?? '/usr/bin/chromium'
if (!existsSync(browserPath)) {
  console.log(`skipped: ${browserPath} is not installed (Debian's chromium); no page was judged`)
  process.exit(process.env.CI ? 1 : 0)
}
const samples = folder ? readdirSync(folder).filter((name) => name.endsWith('.html')).sort() : []
if (samples.length === 0) {
  console.error('no samples: render them with FIVEBAR_SAMPLES=FOLDER cargo test -p filtering samples')
  process.exit(2)
}

const kinds = { css: 'text/css', js: 'text/javascript', woff2: 'font/woff2', svg: 'image/svg+xml', html: 'text/html; charset=utf-8' }
const server = createServer((request, response) => {
  const path = new URL(request.url, 'http://localhost').pathname
  const name = basename(path)
  const file = path.startsWith('/assets/') ? join(folder, 'assets', name) : join(folder, name)
  if (!existsSync(file)) {
    response.writeHead(404).end()
    return
  }
  const headers = { 'content-type': kinds[name.split('.').pop()] ?? 'application/octet-stream' }
  if (name.endsWith('.html')) {
    headers['content-security-policy'] = readFileSync(file.replace(/html$/, 'csp'), 'utf8')
  }
  response.writeHead(200, headers).end(readFileSync(file))
})
await new Promise((ready) => server.listen(0, '127.0.0.1', ready))
const origin = `http://127.0.0.1:${server.address().port}`

const flags = ['--no-sandbox', '--disable-quic', '--disable-background-networking', '--disable-component-update']
const browser = await chromium.launch({ executablePath: browserPath, args: [...flags, '--disable-sync'] })
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
// What dark can change. In forced colours the browser draws text in the reader's own, which axe cannot see: there it is enough that
// nothing of a page keeps colours of its own.
const coloured = ['color-contrast', 'link-in-text-block']
const problems = []
let judged = 0
let rules = 0
// axe itself is a script, so "without scripts" means: the page's own scripts are refused, by a policy that allows none.
const looks = [['scripts', 320], ['scripts', 768], ['no scripts', 1280]]
// Words alone differ in another language, and their direction: one look is enough.
const translated = (sample) => /-(cy|ur|ar|pl)\.html$/.test(sample)
const waiting = looks.flatMap(([mode, width]) =>
  samples.filter((sample) => width === 320 || !translated(sample)).map((sample) => ({ mode, width, sample })),
)

/** A page for one look, with what is being judged written on it: whatever the browser complains of is put down to that. */
async function opened(mode, width) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, bypassCSP: false })
  const page = await context.newPage()
  const look = { page, about: '' }
  page.on('console', (line) => {
    const expected = mode === 'no scripts' && line.text().includes('script-src')
    if (['error', 'warning'].includes(line.type()) && !expected) problems.push(`${look.about}: console: ${line.text()}`)
  })
  page.on('pageerror', (error) => problems.push(`${look.about}: ${error}`))
  if (mode === 'no scripts') {
    await page.route('**/*.html', async (route) => {
      const response = await route.fetch()
      const headers = response.headers()
      headers['content-security-policy'] = headers['content-security-policy'].replace(/script-src [^;]*/, "script-src 'none'")
      await route.fulfill({ response, headers })
    })
  }
  return look
}

/** axe on a page of one frame: it needs no second page to put its findings together in, which is half of its time. */
const axe = (page) => new AxeBuilder({ page }).setLegacyMode(true)

async function judge({ mode, width, sample }, look) {
  const { page } = look
  const about = `${sample} (${mode}, ${width} px)`
  look.about = about
  await page.goto(`${origin}/${sample}`)
  // The form for reporting a site must be light: it has neither scripts nor our typeface. Any other page that lacks them is a fault.
  const light = sample.startsWith('report-') && (await page.locator('script').count()) === 0
  const summary = page.locator('.govuk-error-summary')
  if (mode === 'scripts' && !light && (await summary.count()) > 0) {
    await page.waitForFunction(() => document.activeElement?.classList.contains('govuk-error-summary'), null, { timeout: 5000 })
      .catch(() => problems.push(`${about}: the error summary does not take the focus`))
  }
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
  if (wide > 0) problems.push(`${about}: ${wide} px wider than the screen`)
  const face = await page.evaluate(async () => {
    await document.fonts.ready
    return [...document.fonts].some((font) => font.family.includes('Atkinson') && font.status === 'loaded')
  })
  if (!face && !light) problems.push(`${about}: our own face was not loaded`)
  const result = await axe(page).withTags(tags).analyze()
  judged += 1
  rules = Math.max(rules, result.passes.length)
  for (const violation of result.violations) {
    problems.push(`${about}: ${violation.id}: ${violation.help}: ${violation.nodes.map((node) => node.target).join(', ')}`)
  }
  if (width !== 768 && !translated(sample)) {
    await page.emulateMedia({ colorScheme: 'dark' })
    const { violations } = await axe(page).withRules(coloured).analyze()
    judged += 1
    for (const violation of violations) {
      const nodes = violation.nodes.map((node) => `${node.target} (${node.any[0]?.message ?? ''})`)
      problems.push(`${about}, dark: ${violation.id}: ${nodes.join(', ')}`)
    }
    await page.emulateMedia({ colorScheme: 'dark', forcedColors: 'active' })
    // Upstream's warning icon keeps its own, and asks for the reader's text colour in it: that is well.
    const kept = await page.evaluate(() => {
      const probe = document.body.appendChild(document.createElement('span'))
      probe.style.cssText = 'forced-color-adjust: none; color: CanvasText; background: Canvas'
      const { color: text, backgroundColor: canvas } = getComputedStyle(probe)
      probe.remove()
      const clear = 'rgba(0, 0, 0, 0)'
      const reader = ({ color, backgroundColor, borderTopColor }) =>
        [text, canvas].includes(color) && [text, canvas, clear].includes(backgroundColor) && [text, canvas, clear].includes(borderTopColor)
      return [...document.body.querySelectorAll('*')]
        .filter((one) => getComputedStyle(one).forcedColorAdjust === 'none' && !reader(getComputedStyle(one)))
        .map((one) => one.outerHTML.slice(0, 80))
    })
    if (kept.length > 0) problems.push(`${about}, forced colours: keeps its own: ${kept.join(', ')}`)
    await page.emulateMedia({ colorScheme: 'light', forcedColors: 'none' })
  }
}

// Two at once, each with a page of its own for each look.
await Promise.all([0, 1].map(async () => {
  const pages = new Map()
  for (let job = waiting.shift(); job; job = waiting.shift()) {
    if (!pages.has(job.width)) pages.set(job.width, await opened(job.mode, job.width))
    await judge(job, pages.get(job.width))
  }
}))
await browser.close()
server.close()
console.log(`axe judged ${samples.length} pages in ${judged} views (up to ${rules} rules passed a view): ${problems.length} problems`)
for (const problem of problems) console.error(problem)
process.exit(problems.length > 0 ? 1 : 0)
