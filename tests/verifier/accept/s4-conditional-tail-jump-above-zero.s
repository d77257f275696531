# Twin of reject/s4-conditional-tail-jump-above-zero.s, without the fault.
function f
        pushq %rax
        testl %eax, %eax
        nop
        popq %rax
        ret
end f
function g
        ret
end g
