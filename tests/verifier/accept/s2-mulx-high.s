# Twin of reject/s2-mulx-high.s, without the fault.
function f
        mulxq %rax, %rbp, %rcx
        ret
end f
