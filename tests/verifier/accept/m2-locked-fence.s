# Twin of reject/m2-locked-fence.s, without the fault.
function f
        mfence
        ret
end f
