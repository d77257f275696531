# Twin of reject/s2-bmi-result.s, without the fault.
function f
        andnq %rax, %rcx, %rbp
        ret
end f
