# Twin of reject/d1-vex-count-of-zeros.s, without the fault.
function f
        lzcnt %ecx, %eax
        ret
end f
