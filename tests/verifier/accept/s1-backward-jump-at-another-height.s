# Twin of reject/s1-backward-jump-at-another-height.s, without the fault.
function f
        jmp 2f
bad:    xorl %ecx, %ecx
        ret
2:      testl %eax, %eax
        je bad
        nop
        jmp bad
end f
