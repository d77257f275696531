"""D5: instructions that are refused by name, because somebody once found a use for each of them."""

from __future__ import annotations

import pytest

from verifier.agreement import verify
from verifier.assembling import assemble

FORBIDDEN = {
    "privileged": "hlt; cli; sti; clts; invd; wbinvd; rdmsr; wrmsr; swapgs; sysretq; iretq; rsm; invlpg %gs:(%eax)",
    "kernel": "syscall; sysenter; int $0x80; int3; .byte 0xf1",
    "segments": "movw %ax, %ds; movw %ds, %ax; pushq %fs; popq %fs; pushq %gs; popq %gs; lfsl %gs:(%eax), %ecx;"
    " lgsl %gs:(%eax), %ecx; wrgsbase %rax; wrfsbase %rax; rdgsbase %rax; rdfsbase %rax; verr %ax; lar %ax, %cx",
    "tables of the processor": "sgdt %gs:(%eax); sidt %gs:(%eax); lgdt %gs:(%eax); lidt %gs:(%eax); sldt %ax; str %ax;"
    " smsw %ax; lmsw %ax",
    "control and debug registers": "movq %cr0, %rax; movq %rax, %cr8; movq %dr7, %rax; movq %rax, %dr0",
    "ports": "inb $1, %al; outb %al, %dx; inl %dx, %eax; outl %eax, $1",
    "far transfers": "lretq; lcallq *%gs:(%eax); ljmpq *%gs:(%eax)",
    "frames": "enter $8, $0; leave",
    "flags": "pushfq; popfq; std; cld",
    "clocks and identity": "rdtsc; rdtscp; rdpmc; rdpid %rax; cpuid; xgetbv; rdrand %rax; rdseed %rax;"
    " .byte 0x0f,0x01,0xfd",
    "state": "ldmxcsr %gs:(%eax); stmxcsr %gs:(%eax); vldmxcsr %gs:(%eax); vstmxcsr %gs:(%eax); xsave %gs:(%eax);"
    " xrstor %gs:(%eax); xsavec %gs:(%eax); xsaveopt %gs:(%eax); fxsave %gs:(%eax); fxrstor %gs:(%eax); rdpkru; wrpkru",
    "x87 and MMX": "fninit; fld1; fldt %gs:(%eax); fnstcw %gs:(%eax); fldenv %gs:(%eax); emms; femms; movq %mm0, %mm1;"
    " movd %eax, %mm0; cvtpi2ps %mm0, %xmm0; movdq2q %xmm0, %mm0; movq2dq %mm0, %xmm0; pshufw $0, %mm0, %mm1; fwait",
    "caches": "clflush %gs:(%eax); clflushopt %gs:(%eax); clwb %gs:(%eax); cldemote %gs:(%eax); clzero;"
    " prefetchwt1 %gs:(%eax)",
    "waiting": "monitor; mwait; monitorx; mwaitx; umonitor %rax; umwait %eax; tpause %eax",
    "stores elsewhere": "movdiri %eax, %gs:(%ecx); movdir64b %gs:(%eax), %ecx; enqcmd %gs:(%eax), %ecx; ptwritel %eax",
    "transactions": "xbegin .+6; xend; xabort $1; xtest",
    "shadow stacks": "endbr64; rdsspq %rax; incsspq %rax; saveprevssp; wrssq %rax, %gs:(%ecx)",
    "loops": "loop .; loope .; loopne .",
    "undefined": "ud1l %eax, %ecx; .byte 0x0f,0xff,0xc0",
    "virtualisation": "vmcall; vmmcall; vmlaunch; vmrun; getsec; encls; serialize; hreset $0",
    "other vendors": "extrq $1, $2, %xmm0; movntsd %xmm0, %gs:(%eax); vfmaddps %xmm0, %xmm1, %xmm2, %xmm3;"
    " vpcmov %xmm0, %xmm1, %xmm2, %xmm3; blcfill %eax, %ecx; llwpcb %rax; pfadd %mm0, %mm1",
    "tiles": "tilezero %tmm0; tilerelease; ldtilecfg %gs:(%eax); tdpbssd %tmm0, %tmm1, %tmm2",
    "bounds": ".byte 0xf3,0x0f,0x1b,0x00; .byte 0x66,0x0f,0x1a,0xc1",
    "multiple destinations": "vp2intersectd %zmm0, %zmm1, %k0; v4fmaddps %gs:(%eax), %zmm0, %zmm1",
}

INSTRUCTIONS = [text.strip() for group in FORBIDDEN.values() for text in group.split(";")]


@pytest.mark.parametrize("text", INSTRUCTIONS)
def test_it_is_refused_by_name(text: str) -> None:
    violations = verify(assemble(f"function f\n{text}\nret\nend f\n").claimed).violations
    assert [(found.rule, found.offset) for found in violations] == [("D5", 0)]
    assert "allow-list" in violations[0].text
