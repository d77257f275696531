# Twin of reject/s4-tail-jump-above-zero.s, without the fault.
function f
        pushq %rax
        popq %rax
        jmp g
end f
function g
        ret
end g
