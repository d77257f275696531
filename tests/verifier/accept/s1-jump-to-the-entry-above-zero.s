# Twin of reject/s1-jump-to-the-entry-above-zero.s, without the fault.
function f
bad:    pushq %rax
        testl %eax, %eax
        je 1f
1:      popq %rax
        ret
end f
